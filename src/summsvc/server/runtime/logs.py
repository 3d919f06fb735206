"""Structured logs on standard error. Article text never goes into them.

Neither by our own hand, nor with an exception (``tracebacks``), nor with what a
library says (``foreign``).
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Sequence
from typing import Any

import structlog

from summsvc.server.runtime import library_logs
from summsvc.server.runtime.log_writer import Lines
from summsvc.server.runtime.tracebacks import describe, format_error

PATIENCE_S = 2.0
"""How long the process waits for its lines to be read before it says that it is ready, or ends."""

_lines: Lines | None = None


def configure(level: str, form: str) -> None:
    """Set up logging for the process, once: ours, libraries', and of exceptions nobody caught.

    level: "debug", "info", "warning" or "error". form: "json" for one object
    per line, "console" for people.
    """
    global _lines
    _lines = lines = Lines(sys.stderr.fileno(), _gap)
    render: Any
    if form == "json":
        encode = json.JSONEncoder(ensure_ascii=False, default=repr).encode

        def render(_logger: Any, _method: str, event: Any) -> str:
            return encode(event)
    else:
        # Its own way to write an exception would be rich's, with local variables.
        render = structlog.dev.ConsoleRenderer(
            colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback
        )
    structlog.configure(
        processors=[_Line(render)],
        logger_factory=lambda name="": _Logger(name, lines.write),
        wrapper_class=structlog.make_filtering_bound_logger(level),
        cache_logger_on_first_use=True,
    )
    library_logs.capture(level, settle)


def dropped() -> int:
    """Lines that were never written: nobody read them in time, or the disk was full."""
    return _lines.dropped if _lines else 0


def settle(most_s: float = PATIENCE_S) -> None:
    """Wait until what was logged is written, or it is clear that nobody reads it.

    most_s: seconds there are for it.
    """
    if _lines is not None:
        _lines.wait(min(most_s, PATIENCE_S))


def _gap(missing: int) -> None:
    structlog.get_logger("summsvc.logs").warning("lines dropped", lines=missing)


class _Line:
    """Makes a line of an event. What cannot be written is told; it fails nobody's request."""

    def __init__(self, render: Any) -> None:
        self._steps: list[Any] = [
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.stdlib.add_logger_name,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            _with_traceback,
            render,
        ]

    def __call__(self, logger: Any, method: str, event: Any) -> str:
        try:
            return self._written(self._steps, logger, method, event)
        except Exception as error:
            # What is bound to the request may be at fault, too.
            lost = {"event": "log line lost", "error": describe(error)}
            return self._written(self._steps[1:], logger, "error", lost)

    @staticmethod
    def _written(steps: Sequence[Any], logger: Any, method: str, event: Any) -> str:
        for step in steps:
            event = step(logger, method, event)
        return str(event)


def _with_traceback(_logger: Any, _method: str, event: Any) -> Any:
    given = event.pop("exc_info", None)
    if isinstance(given, tuple):
        error = given[1]
    elif isinstance(given, BaseException):
        error = given
    else:
        error = sys.exc_info()[1] if given else None
    if error is not None:
        event["exception"] = format_error(error)
    return event


class _Logger:
    """What structlog hands its finished lines to. name: as in ``structlog.get_logger(name)``."""

    def __init__(self, name: str, write: Callable[[str], None]) -> None:
        self.name = name
        self._write = write

    def info(self, line: str) -> None:
        self._write(line + "\n")

    debug = warning = error = critical = exception = info
