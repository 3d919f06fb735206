"""What the log is told of an engine's own exception: enough to find it, and nothing of a text."""

from __future__ import annotations

import re
import traceback
from collections.abc import Iterable, Sequence
from pathlib import Path

from summsvc.errors import SummsvcError
from summsvc.scheduling.jobs import WorkItem

LONGEST_MESSAGE = 200
"""Characters of an exception's message."""

RUN = 12
"""As many characters that stand in the message as in a segment are taken for a quotation."""

MOST_REQUESTS = 8
"""Ids of requests in one line."""

_QUOTED = re.compile(r"""(['"`«“„]).*?(['"`»”]|$)""", re.DOTALL)
_FRAMES = 12


def facts(error: BaseException, items: Sequence[WorkItem]) -> dict[str, object]:
    """The fields of a log line: the exception's type, where it was raised, who is concerned.

    Its message only when it can hold nothing of the items' texts.
    """
    root = _root(error)
    told: dict[str, object] = {"error": type(root).__name__, "requests": requests(items)}
    message = _message(root, [item.text for item in items])
    if message:
        told["message"] = message
    frames = [
        f"{'/'.join(Path(frame.f_code.co_filename).parts[-2:])}:{line} {frame.f_code.co_name}"
        for frame, line in traceback.walk_tb(root.__traceback__)
    ]
    if frames:
        told["frames"] = frames[-_FRAMES:]
    return told


def requests(items: Iterable[WorkItem]) -> list[str]:
    """Ids of the requests that wait for the items, as far as a line has room."""
    ids = dict.fromkeys(handle.request_id for item in items for handle in item.handles)
    return [id for id in ids if id][:MOST_REQUESTS]


def _root(error: BaseException) -> BaseException:
    """What a library raised, under what an engine made of it."""
    while isinstance(error, SummsvcError) and error.__cause__ is not None:
        error = error.__cause__
    return error


def _message(error: BaseException, texts: Sequence[str]) -> str:
    """The message without what it quotes; empty when it may quote otherwise.

    A text may also stand in it as pieces, as escaped characters, or translated: a message
    with any other than ASCII characters, or a backslash, is left out.
    """
    said = " ".join(str(error)[:LONGEST_MESSAGE].split())
    said = _QUOTED.sub("…", said)
    if "\\" in said or not said.replace("…", "").isascii():
        return ""
    lowered = said.lower()
    for text in texts:
        plain = " ".join(text.lower().split())
        if len(plain) <= RUN:
            if plain in lowered:
                return ""
        elif any(lowered[i : i + RUN] in plain for i in range(len(lowered) - RUN + 1)):
            return ""
    return said
