"""Log fields of an engine failure: its type, origin and requests, without any article text."""

from __future__ import annotations

import re
import traceback
from collections.abc import Iterable, Sequence
from pathlib import Path

from summsvc.errors import SummsvcError
from summsvc.scheduling.jobs import WorkItem

MAX_MESSAGE_CHARS = 200
"""Characters of an exception's message in a log line."""

QUOTATION_CHARS = 12
"""Consecutive characters shared by a message and a segment that count as a quotation."""

MAX_REQUEST_IDS = 8
"""Request ids in one log line."""

MAX_FRAMES = 12
"""Stack frames in one log line, the innermost ones."""

_QUOTED = re.compile(r"""(['"`«“„]).*?(['"`»”]|$)""", re.DOTALL)


def log_fields(error: BaseException, items: Sequence[WorkItem]) -> dict[str, object]:
    """Return the exception's type, stack frames and message, and the ids of its requests.

    The message is left out when it may contain text of the items.
    """
    root = root_cause(error)
    fields: dict[str, object] = {"error": type(root).__name__, "requests": request_ids(items)}
    message = _message(root, [item.text for item in items])
    if message:
        fields["message"] = message
    frames = [
        f"{'/'.join(Path(frame.f_code.co_filename).parts[-2:])}:{line} {frame.f_code.co_name}"
        for frame, line in traceback.walk_tb(root.__traceback__)
    ]
    if frames:
        fields["frames"] = frames[-MAX_FRAMES:]
    return fields


def request_ids(items: Iterable[WorkItem]) -> list[str]:
    """Return the ids of requests that wait for the items, at most ``MAX_REQUEST_IDS``."""
    ids = dict.fromkeys(handle.request_id for item in items for handle in item.handles)
    return [id for id in ids if id][:MAX_REQUEST_IDS]


def root_cause(error: BaseException) -> BaseException:
    """Return the library's exception that an engine wrapped."""
    while isinstance(error, SummsvcError) and error.__cause__ is not None:
        error = error.__cause__
    return error


def _message(error: BaseException, texts: Sequence[str]) -> str:
    """Return the message with quotations replaced; "" when it may contain a text in another form.

    A text may occur split into tokens, with escaped characters, or translated: a message with
    non-ASCII characters or a backslash is left out.
    """
    message = " ".join(str(error)[:MAX_MESSAGE_CHARS].split())
    message = _QUOTED.sub("…", message)
    if "\\" in message or not message.replace("…", "").isascii():
        return ""
    lowered = message.lower()
    for text in texts:
        plain = " ".join(text.lower().split())
        if len(plain) <= QUOTATION_CHARS:
            if plain in lowered:
                return ""
        elif any(
            lowered[i : i + QUOTATION_CHARS] in plain
            for i in range(len(lowered) - QUOTATION_CHARS + 1)
        ):
            return ""
    return message
