"""Capture of library logs, warnings, uncaught exceptions and prints, without request texts.

Libraries that run callbacks log the callbacks and their results, and Python prints uncaught
exceptions; both outputs may contain the text of a request.
"""

from __future__ import annotations

import io
import logging
import re
import sys
import threading
from collections.abc import Callable
from types import FrameType, TracebackType

import structlog

CALLBACK_LIBRARIES = ("asyncio", "concurrent", "grpc")
"""Libraries that run callbacks, and log what these returned or raised."""

MAX_REPORTED_PLACES = 1000
"""Most lines of code that are reported for writing to standard error."""

OMITTED_VALUE = "…"
"""Stands in a log message for a value that may contain a text."""

_VALUE = re.compile(r"[\n(<'\"{]|\[/")
"""Possible start of a printed value, or of an RPC method name that a caller has chosen."""

_PRINTING_MODULES = ("traceback", "contextlib", "io", "logging", "warnings", __name__)

log = structlog.get_logger("summsvc.logs")


def capture(level: str, flush: Callable[[], None]) -> None:
    """Redirect library logs, warnings, uncaught exceptions and prints to structlog.

    level: least severity of library records.
    flush: waits until lines are written; called when an exception ends the process.
    """
    root = logging.getLogger()
    root.handlers[:] = [_StructlogHandler()]
    root.setLevel(level.upper())
    logging.captureWarnings(True)

    def log_uncaught(
        _kind: type[BaseException], error: BaseException, _trace: TracebackType | None
    ) -> None:
        log.critical("uncaught exception, the process exits", exc_info=error)
        flush()

    def log_thread_exception(args: threading.ExceptHookArgs) -> None:
        if args.exc_value is not None and not isinstance(args.exc_value, SystemExit):
            name = args.thread.name if args.thread else ""
            log.error("uncaught exception in a thread", thread=name, exc_info=args.exc_value)

    def log_unraisable(args: sys.UnraisableHookArgs) -> None:
        log.error("exception in a finalizer or callback", exc_info=args.exc_value)

    sys.excepthook = log_uncaught
    threading.excepthook = log_thread_exception
    sys.unraisablehook = log_unraisable
    sys.stderr = StandardError(sys.stderr.fileno())


class _StructlogHandler(logging.Handler):
    """Passes records of the standard library's logging to structlog."""

    def emit(self, record: logging.LogRecord) -> None:
        logger: structlog.typing.FilteringBoundLogger = structlog.get_logger(record.name)
        emit = logger.debug
        for least, method in (
            (logging.INFO, logger.info),
            (logging.WARNING, logger.warning),
            (logging.ERROR, logger.error),
            (logging.CRITICAL, logger.critical),
        ):
            if record.levelno >= least:
                emit = method
        try:
            event = message(record)
        except Exception:
            # The arguments do not match the format; the standard library would print them.
            event = _before_values(str(record.msg))
        emit(event, exc_info=record.exc_info)


def message(record: logging.LogRecord) -> str:
    """Format a record of the standard library without texts; raises errors of formatting.

    An exception is replaced by its type. A message of ``CALLBACK_LIBRARIES`` is cut before its
    first value, with numbers kept: any other value may be a request.
    """
    runs_callbacks = record.name.partition(".")[0] in CALLBACK_LIBRARIES

    def redact(value: object) -> object:
        if isinstance(value, BaseException):
            return type(value).__name__
        if not runs_callbacks or value is None or isinstance(value, (int, float)):
            return value
        return OMITTED_VALUE

    text = record.msg if isinstance(record.msg, str) else str(redact(record.msg))
    text = _before_values(text) if runs_callbacks else text
    if isinstance(record.args, dict):
        text %= {key: redact(value) for key, value in record.args.items()}
    elif record.args:
        text %= tuple(redact(value) for value in record.args)
    return text


def _before_values(text: str) -> str:
    return _VALUE.split(text, maxsplit=1)[0].rstrip()


class StandardError(io.TextIOBase):
    """Replaces ``sys.stderr``: reports which code prints there, without the printed text.

    grpc prints complete tracebacks there, including messages, and a print would break a log
    of JSON lines. Each line of code that prints is reported once.

    descriptor: that of the replaced file, for code that writes to it directly.
    """

    encoding = "utf-8"

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._reported: set[str] = set()

    def write(self, text: str, /) -> int:
        if text.strip():
            place = _place(sys._getframe(1))
            if place not in self._reported and len(self._reported) < MAX_REPORTED_PLACES:
                self._reported.add(place)
                log.warning("not shown: written to standard error", by=place)
        return len(text)

    def writable(self) -> bool:
        return True

    def fileno(self) -> int:
        return self._descriptor


def _place(frame: FrameType | None) -> str:
    """Find the line of code that prints, outside of Python's own printing modules."""
    while frame is not None and frame.f_globals.get("__name__") in _PRINTING_MODULES:
        frame = frame.f_back
    if frame is None:
        return "?"
    return f"{frame.f_globals.get('__name__')}:{frame.f_lineno}"
