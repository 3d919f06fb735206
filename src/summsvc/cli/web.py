"""Web pages as inputs: download of an http or https address, with limits."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass, replace
from email.message import Message
from typing import TYPE_CHECKING

from summsvc.cli.charset import CharsetError, Decoded, decode
from summsvc.cli.inputs import InputError
from summsvc.types import MimeType

if TYPE_CHECKING:
    from httpx2 import Client, Response

SCHEMES = ("http://", "https://")

MAX_REDIRECTS = 5
MAX_BYTES = 8 * 1024 * 1024
"""Length of the largest page, after decompression."""

TIMEOUT_S = 30
"""Time for one page with all its redirects, in seconds."""

_MIME_TYPES = {
    "text/html": MimeType.HTML,
    "application/xhtml+xml": MimeType.HTML,
    "text/plain": MimeType.PLAIN,
    "text/markdown": MimeType.MARKDOWN,
}
_CONTROLS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f]")


@dataclass(frozen=True, slots=True)
class WebText:
    """The text at an address and its format."""

    decoded: Decoded
    mime_type: MimeType


def is_address(name: str) -> bool:
    """Whether an input is the address of a web page."""
    return name.lower().startswith(SCHEMES)


def fetch(address: str, charset: str = "") -> WebText:
    """Download the text at an http or https address.

    charset: of the text; "" for that of the Content-Type, see ``charset.decode``.
    Raises InputError if the address does not answer with text within the limits.
    """
    import httpx2

    try:
        with httpx2.Client(timeout=TIMEOUT_S, headers={"accept": ", ".join(_MIME_TYPES)}) as client:
            return _fetch(client, address, charset, time.monotonic() + TIMEOUT_S)
    except httpx2.TimeoutException as error:
        raise InputError(f"no complete answer within {TIMEOUT_S} seconds") from error
    except (httpx2.HTTPError, httpx2.InvalidURL) as error:
        raise InputError(f"cannot be fetched: {error or type(error).__name__}") from error


def _fetch(client: Client, address: str, charset: str, deadline: float) -> WebText:
    for _ in range(MAX_REDIRECTS + 1):
        if not is_address(address):
            raise InputError(f"redirects to '{address[:200]}', which is neither http nor https")
        _require_time(deadline)
        with client.stream("GET", address, follow_redirects=False) as response:
            if response.next_request is not None:
                address = str(response.next_request.url)
                continue
            if not response.is_success:
                raise InputError(f"the web server answers HTTP {response.status_code}")
            return _text(response, charset, deadline)
    raise InputError(f"more than {MAX_REDIRECTS} redirects")


def _require_time(deadline: float) -> None:
    if time.monotonic() > deadline:
        raise InputError(f"no complete answer within {TIMEOUT_S} seconds")


def _text(response: Response, charset: str, deadline: float) -> WebText:
    header = Message()
    header["content-type"] = response.headers.get("content-type", "text/html")
    kind = _MIME_TYPES.get(header.get_content_type())
    if kind is None:
        raise InputError(f"is {header.get_content_type()}, not a text or a web page")
    data = bytearray()
    for chunk in response.iter_bytes():
        data += chunk
        if len(data) > MAX_BYTES:
            raise InputError(f"has more than {MAX_BYTES // 2**20} MiB")
        _require_time(deadline)
    declared = header.get_content_charset() or ""
    try:
        decoded = decode(bytes(data), named=charset, declared=declared)
    except CharsetError as error:
        raise InputError(str(error)) from error
    # The service rejects control characters, which browsers do not show.
    return WebText(replace(decoded, text=_CONTROLS.sub(" ", decoded.text)), kind)
