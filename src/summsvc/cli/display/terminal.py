"""Whether a stream is a terminal, and the console that writes to it."""

from __future__ import annotations

import os
import re
import sys
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console

MIN_COLUMNS = 60
"""Columns of the narrowest terminal that gets tables and text side by side."""

MAX_TEXT_COLUMNS = 100
"""Longest line of running text, in columns; longer lines are harder to read."""

_CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")


def is_terminal(stream: IO[str]) -> bool:
    """Whether a stream shows colours and columns.

    FORCE_COLOR, if it is set and not empty, makes every stream one (https://force-color.org).
    Otherwise the stream must be a terminal that is not "dumb".
    """
    if os.environ.get("FORCE_COLOR"):
        return True
    return stream.isatty() and os.environ.get("TERM", "dumb") not in ("dumb", "unknown")


def console(stream: IO[str]) -> Console | None:
    """The console of a stream, or None if output to it is plain.

    None also for a terminal with fewer than MIN_COLUMNS columns, and where the extra ``cli``
    is not installed. Without colours, but with the same columns, if NO_COLOR is set and not
    empty (https://no-color.org).
    """
    if not is_terminal(stream):
        return None
    try:
        from rich.console import Console
    except ModuleNotFoundError:
        return None
    found = Console(file=stream, force_terminal=True, highlight=False, markup=False, emoji=False)
    return found if found.width >= MIN_COLUMNS else None


def out() -> Console | None:
    """The console of standard output, or None."""
    return console(sys.stdout)


def err() -> Console | None:
    """The console of standard error, or None."""
    return console(sys.stderr)


def printable(text: str) -> str:
    """The text without characters that control a terminal or the direction of its text."""
    return _CONTROLS.sub("\N{REPLACEMENT CHARACTER}", text.replace("\r\n", "\n").expandtabs(4))
