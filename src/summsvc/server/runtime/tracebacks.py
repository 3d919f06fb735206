"""Tracebacks that hold no text of a request: types and lines of code, nothing that is in memory.

Local variables are texts, and so are many messages: of a KeyError its key, of a
UnicodeDecodeError all that was decoded.
"""

from __future__ import annotations

import os
import textwrap
import traceback
from collections.abc import Iterator

from summsvc.errors import SummsvcError

MOST_LINKS = 20
"""Exceptions of one chain that are written, the last ones."""

OWN_WORDS = (ZeroDivisionError, OverflowError, RecursionError, MemoryError)
"""Types whose messages are Python's own and quote no value."""

LEFT_OUT = "(message left out)"

_CAUSE = "\nThe above exception was the direct cause of the following exception:\n\n"
_CONTEXT = "\nDuring handling of the above exception, another exception occurred:\n\n"


def format_error(error: BaseException) -> str:
    """An exception's traceback, those it came from and its group's included.

    As Python writes it, save for messages: of an OSError the system's words for its
    number, of a SummsvcError the reason, of any other "(message left out)".
    """
    parts: list[str] = []
    for link, how in _pipeline(error):
        parts += [_one(link), how]
    return "".join(parts).rstrip("\n")


def describe(error: BaseException) -> str:
    """An exception in one line: its type, and what may be said of it."""
    kind = type(error)
    name = kind.__qualname__
    if kind.__module__ not in ("builtins", "__main__"):
        name = f"{kind.__module__}.{name}"
    match error:
        case SummsvcError():
            return f"{name}: {error.reason}"
        case OSError(errno=int(number)):
            return f"{name}: [Errno {number}] {os.strerror(number)}"
    if kind in OWN_WORDS:
        return f"{name}: {error}"
    return f"{name}: {LEFT_OUT}" if error.args else name


def _pipeline(error: BaseException) -> Iterator[tuple[BaseException, str]]:
    """The exceptions that led to one, the first one first, and what stands after each."""
    links = [(error, "")]
    seen = {id(error)}
    while len(links) < MOST_LINKS:
        if error.__cause__ is not None:
            error, how = error.__cause__, _CAUSE
        elif error.__context__ is not None and not error.__suppress_context__:
            error, how = error.__context__, _CONTEXT
        else:
            break
        if id(error) in seen:
            break
        seen.add(id(error))
        links.append((error, how))
    return reversed(links)


def _one(error: BaseException) -> str:
    frames = traceback.format_list(traceback.extract_tb(error.__traceback__))
    head = ["Traceback (most recent call last):\n"] if frames else []
    parts = [*head, *frames, describe(error), "\n"]
    if isinstance(error, BaseExceptionGroup):
        for index, inner in enumerate(error.exceptions, 1):
            title = f"exception {index} of {len(error.exceptions)}:\n"
            parts.append(textwrap.indent(title + format_error(inner) + "\n", "  | "))
    return "".join(parts)
