"""HTTP requests for published files: mirror, waits and retries, errors with a next step."""

from __future__ import annotations

import email.utils
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TypeVar
from urllib.parse import urlsplit

import httpx2

import summsvc
from summsvc.models.catalog import CatalogEntry
from summsvc.models.sources.errors import PullError, retry_command

TIMEOUT_S = 30
"""Seconds for a connection, and between two reads of a response."""

ATTEMPTS = 5
"""Attempts without progress before the pull fails."""

FIRST_WAIT_S = 0.5
"""Pause before the second attempt, in seconds; doubled before each further one."""

MAX_RETRY_AFTER_S = 120
"""Longest pause that a server may ask for by Retry-After; beyond it the pull fails."""

T = TypeVar("T")

RETRIED_STATUSES = (408, 429, 500, 502, 503, 504)


class InterruptedTransferError(Exception):
    """A request may succeed if repeated. message: why it failed. wait_s: None for the default."""

    def __init__(self, message: str, wait_s: float | None = None) -> None:
        super().__init__(message)
        self.wait_s = wait_s


class Connection:
    """HTTP client of one pull. A context manager.

    mirror: address that stands for ``https://``: ``MIRROR/HOST/PATH`` is requested in place of
    ``https://HOST/PATH``. Proxies are taken from the environment (HTTPS_PROXY).
    """

    def __init__(self, entry: CatalogEntry, mirror: str = "") -> None:
        self._entry = entry
        self._mirror = mirror.rstrip("/")
        self._reached = False
        self._client = httpx2.Client(
            follow_redirects=True,
            timeout=TIMEOUT_S,
            # Without it, a server may undo the gzip of a file that is stored packed.
            headers={"User-Agent": f"summsvc/{summsvc.__version__}", "Accept-Encoding": "gzip"},
        )

    def __enter__(self) -> Connection:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def address(self, url: str) -> str:
        """The address that is requested for a published one."""
        if not self._mirror or url.startswith(f"{self._mirror}/"):
            return url
        parts = urlsplit(url)
        return f"{self._mirror}/{parts.netloc}{parts.path}"

    @contextmanager
    def stream(
        self, url: str, headers: Mapping[str, str] | None = None, *, method: str = "GET"
    ) -> Iterator[httpx2.Response]:
        """Context manager: the response to one request, whose body is not yet read.

        Yields statuses 200, 206 and 416. Raises InterruptedTransferError for failures that may
        be temporary, also while the body is read, and PullError for all others.
        """
        address = self.address(url)
        try:
            with self._client.stream(method, address, headers=headers) as response:
                if address.startswith("https:") and response.url.scheme != "https":
                    raise PullError(
                        f"{self._entry.id}: {address} redirects to {response.url}, which is not "
                        "encrypted; nothing was installed"
                    )
                if response.status_code not in (200, 206, 416):
                    raise self._status_error(response, address)
                self._reached = True
                yield response
        except httpx2.TransportError as error:
            connecting = isinstance(error, (httpx2.ConnectError, httpx2.ConnectTimeout))
            if connecting and not self._reached:
                raise self._unreachable(address, error) from error
            host = urlsplit(address).netloc
            raise InterruptedTransferError(
                f"the connection to {host} was lost ({_describe(error)})"
            ) from error
        except (httpx2.InvalidURL, httpx2.HTTPError) as error:
            raise PullError(f"{self._entry.id}: {address}: {_describe(error)}") from error

    def read(self, url: str, limit: int) -> bytes:
        """The whole body of a response of at most ``limit`` bytes; raises PullError."""

        def request() -> bytes:
            body = bytearray()
            with self.stream(url) as response:
                for chunk in response.iter_bytes():
                    body += chunk
                    if len(body) > limit:
                        raise PullError(
                            f"{self._entry.id}: {self.address(url)} has more than {limit:,} bytes"
                        )
            return bytes(body)

        return self._repeat(request)

    def headers(self, url: str) -> httpx2.Headers:
        """The headers that the server sends with a file, without the file; raises PullError."""

        def request() -> httpx2.Headers:
            with self.stream(url, method="HEAD") as response:
                return response.headers

        return self._repeat(request)

    def _repeat(self, request: Callable[[], T]) -> T:
        attempt = 1
        while True:
            try:
                return request()
            except InterruptedTransferError as error:
                self.wait(attempt, error)
                attempt += 1

    def wait(self, attempt: int, error: InterruptedTransferError) -> None:
        """Pause before the next attempt; raises PullError after the last one.

        attempt: number of failed attempts without progress, from 1.
        """
        if attempt >= ATTEMPTS or (error.wait_s or 0) > MAX_RETRY_AFTER_S:
            when = f"in {error.wait_s:.0f} seconds" if error.wait_s else "later"
            raise PullError(
                f"{self._entry.id}: {error}; what was downloaded is kept; {when}, "
                f"{retry_command(self._entry)}"
            ) from error
        default = FIRST_WAIT_S * 2 ** (attempt - 1)
        time.sleep(default if error.wait_s is None else error.wait_s)

    def _status_error(
        self, response: httpx2.Response, address: str
    ) -> PullError | InterruptedTransferError:
        status, entry = response.status_code, self._entry
        if status in RETRIED_STATUSES:
            host = urlsplit(address).netloc
            busy = " is busy" if status == 429 else " has an error"
            return InterruptedTransferError(
                f"{host}{busy} (HTTP {status})", _retry_after(response.headers)
            )
        if status in (401, 403):
            remedy = "check the address of the mirror, or the proxy's rules"
        elif status in (404, 410):
            remedy = "check SUMMSVC_MODEL_MIRROR if it is set, and the catalog"
        else:
            remedy = f"later, {retry_command(entry)}"
        return PullError(f"{entry.id}: {address} responded with HTTP {status}; {remedy}")

    def _unreachable(self, address: str, error: Exception) -> PullError:
        entry, parts = self._entry, urlsplit(address)
        return PullError(
            f"{entry.id} is not installed: {parts.scheme}://{parts.netloc} cannot be reached "
            f"({_describe(error)}). The download is about {entry.size_bytes / 1e6:,.0f} MB, "
            f"licence {entry.license}. With network access, {retry_command(entry)}, or set "
            "SUMMSVC_MODEL_MIRROR to a mirror. Without it, download "
            f"{' '.join(f'{entry.base_url}/{file.name}' for file in entry.files)} on another "
            "machine, copy the files into a folder on this machine and run: "
            f"summsvc models add DIR --id {entry.id}"
        )


def _retry_after(headers: httpx2.Headers) -> float | None:
    """Seconds of the Retry-After header, a number or a date (RFC 9110, 10.2.3)."""
    text = headers.get("Retry-After", "").strip()
    if text.isdecimal() and text.isascii():
        return float(text)
    try:
        date = email.utils.parsedate_to_datetime(text)
    except ValueError:
        return None
    return max(0.0, date.timestamp() - time.time())


def _describe(error: Exception) -> str:
    return str(error) or type(error).__name__
