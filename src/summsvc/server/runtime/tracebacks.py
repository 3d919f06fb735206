"""Traceback formatting without request texts: exception types and lines of code only.

Local variables may be texts, and so may messages: a KeyError quotes its key, a
UnicodeDecodeError holds the whole input.
"""

from __future__ import annotations

import os
import textwrap
import traceback
from collections.abc import Iterator

from summsvc.errors import SummsvcError

MAX_CHAIN_LENGTH = 20
"""Most exceptions of one chain that are written; the last ones are kept."""

SAFE_MESSAGE_TYPES = (ZeroDivisionError, OverflowError, RecursionError, MemoryError)
"""Exception types whose messages come from Python and quote no value."""

MESSAGE_OMITTED = "(message left out)"

_CAUSE = "\nThe above exception was the direct cause of the following exception:\n\n"
_CONTEXT = "\nDuring handling of the above exception, another exception occurred:\n\n"


def format_error(error: BaseException) -> str:
    """Format an exception's traceback, with its causes and the members of its group.

    The format is Python's, except for messages: an OSError has the system's text for its
    number, a SummsvcError its reason, any other exception "(message left out)".
    """
    parts: list[str] = []
    for link, separator in _chain(error):
        parts += [_format_one(link), separator]
    return "".join(parts).rstrip("\n")


def describe(error: BaseException) -> str:
    """Describe an exception in one line: its type, and its message if that quotes no text."""
    kind = type(error)
    name = kind.__qualname__
    if kind.__module__ not in ("builtins", "__main__"):
        name = f"{kind.__module__}.{name}"
    match error:
        case SummsvcError():
            return f"{name}: {error.reason}"
        case OSError(errno=int(number)):
            return f"{name}: [Errno {number}] {os.strerror(number)}"
    if kind in SAFE_MESSAGE_TYPES:
        return f"{name}: {error}"
    return f"{name}: {MESSAGE_OMITTED}" if error.args else name


def _chain(error: BaseException) -> Iterator[tuple[BaseException, str]]:
    """Yield the chain of an exception, earliest first, with the separator after each member."""
    links = [(error, "")]
    seen = {id(error)}
    while len(links) < MAX_CHAIN_LENGTH:
        if error.__cause__ is not None:
            error, separator = error.__cause__, _CAUSE
        elif error.__context__ is not None and not error.__suppress_context__:
            error, separator = error.__context__, _CONTEXT
        else:
            break
        if id(error) in seen:
            break
        seen.add(id(error))
        links.append((error, separator))
    return reversed(links)


def _format_one(error: BaseException) -> str:
    frames = traceback.format_list(traceback.extract_tb(error.__traceback__))
    head = ["Traceback (most recent call last):\n"] if frames else []
    parts = [*head, *frames, describe(error), "\n"]
    if isinstance(error, BaseExceptionGroup):
        for index, inner in enumerate(error.exceptions, 1):
            title = f"exception {index} of {len(error.exceptions)}:\n"
            parts.append(textwrap.indent(title + format_error(inner) + "\n", "  | "))
    return "".join(parts)
