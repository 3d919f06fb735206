"""What is said in this process by others than us, without what they were handed.

Libraries that run our functions print them and their results, Python prints
exceptions that nobody caught: all with whatever text is in them.
"""

from __future__ import annotations

import io
import logging
import re
import sys
import threading
from collections.abc import Callable
from types import FrameType
from typing import Any

import structlog

RUNNERS = ("asyncio", "concurrent", "grpc")
"""Libraries that are handed our functions, and say what those returned or raised."""

MOST_PLACES = 1000
"""Places of code told as writing to standard error; of more, none is told."""

LEFT_OUT = "…"

_VALUE = re.compile(r"[\n(<'\"{]|\[/")
"""Where the printed form of a value may begin, or the name of a method that a caller made up."""

_PRINTERS = ("traceback", "contextlib", "io", "logging", "warnings", __name__)

log = structlog.get_logger("summsvc.logs")


def capture(level: str, settle: Callable[[], None]) -> None:
    """Have all of it logged through structlog from now on.

    level: least severe one of libraries' records. settle: waits until lines are written;
    called when an exception ends the process.
    """
    root = logging.getLogger()
    root.handlers[:] = [_Records()]
    root.setLevel(level.upper())
    logging.captureWarnings(True)

    def ended(_kind: type[BaseException], error: BaseException, _trace: Any) -> None:
        log.critical("the process ends by an exception", exc_info=error)
        settle()

    def thread_ended(given: threading.ExceptHookArgs) -> None:
        if given.exc_value is not None and not isinstance(given.exc_value, SystemExit):
            name = given.thread.name if given.thread else ""
            log.error("a thread ended by an exception", thread=name, exc_info=given.exc_value)

    def unraisable(given: Any) -> None:
        log.error("exception in a finalizer or callback", exc_info=given.exc_value)

    sys.excepthook = ended
    threading.excepthook = thread_ended
    sys.unraisablehook = unraisable
    sys.stderr = StandardError(sys.stderr.fileno())


class _Records(logging.Handler):
    """Hands structlog what is logged through the standard library."""

    def emit(self, record: logging.LogRecord) -> None:
        said: Any = structlog.get_logger(record.name)
        say = said.debug
        for least, name in ((10, "debug"), (20, "info"), (30, "warning"), (40, "error")):
            if record.levelno >= least:
                say = getattr(said, name)
        if record.levelno >= logging.CRITICAL:
            say = said.critical
        try:
            event = message(record)
        except Exception:
            # Arguments that do not fit; the standard library would print them.
            event = _stem(str(record.msg))
        say(event, exc_info=record.exc_info)


def message(record: logging.LogRecord) -> str:
    """What a record of the standard library says; raises what formatting it raises.

    Of an exception its type stands there alone. Of a library in ``RUNNERS`` only the
    first line up to the first value, with numbers: what else it puts in may be a request.
    """
    runner = record.name.partition(".")[0] in RUNNERS

    def said(value: object) -> object:
        if isinstance(value, BaseException):
            return type(value).__name__
        if not runner or value is None or isinstance(value, (int, float)):
            return value
        return LEFT_OUT

    text = record.msg if isinstance(record.msg, str) else str(said(record.msg))
    text = _stem(text) if runner else text
    if isinstance(record.args, dict):
        text %= {key: said(value) for key, value in record.args.items()}
    elif record.args:
        text %= tuple(said(value) for value in record.args)
    return text


def _stem(text: str) -> str:
    return _VALUE.split(text, maxsplit=1)[0].rstrip()


class StandardError(io.TextIOBase):
    """Takes the place of ``sys.stderr``: what is printed there is told, not shown.

    grpc prints whole tracebacks there, messages included, and in a log of JSON lines no
    print has a place. Each place of code that prints is told once. descriptor: of the
    file that was there, for whoever writes below Python.
    """

    encoding = "utf-8"

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._told: set[str] = set()

    def write(self, text: str, /) -> int:
        if text.strip():
            place = _place(sys._getframe(1))
            if place not in self._told and len(self._told) < MOST_PLACES:
                self._told.add(place)
                log.warning("not shown: written to standard error", by=place)
        return len(text)

    def writable(self) -> bool:
        return True

    def fileno(self) -> int:
        return self._descriptor


def _place(frame: FrameType | None) -> str:
    """The line of code that prints, those of Python's own printing functions left out."""
    while frame is not None and frame.f_globals.get("__name__") in _PRINTERS:
        frame = frame.f_back
    if frame is None:
        return "?"
    return f"{frame.f_globals.get('__name__')}:{frame.f_lineno}"
