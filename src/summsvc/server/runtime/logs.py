"""Structured logging to standard error, which never contains article text.

``tracebacks`` removes texts from exceptions, ``library_logs`` from the records and prints
of libraries.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping, Sequence

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from summsvc.server.runtime import library_logs
from summsvc.server.runtime.log_writer import LogWriter
from summsvc.server.runtime.tracebacks import describe, format_error

FLUSH_TIMEOUT_S = 2.0
"""Longest wait in seconds for the log to be read, before the server reports ready or exits."""

_writer: LogWriter | None = None


def configure(level: str, form: str, process: int | None = None) -> None:
    """Set up logging for the process, once: own events, library logs, uncaught exceptions.

    level: "debug", "info", "warning" or "error".
    form: "json" for one object per line, "console" for text.
    process: number of this process in each line, when several write to one log.
    """
    global _writer
    _writer = writer = LogWriter(sys.stderr.fileno(), _log_dropped)
    render: Processor
    if form == "json":
        encode = json.JSONEncoder(ensure_ascii=False, default=repr).encode

        def render(_logger: WrappedLogger, _method: str, event: EventDict) -> str:
            return encode(event)
    else:
        # By default it would use rich, which prints local variables.
        render = structlog.dev.ConsoleRenderer(
            colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback
        )
    structlog.configure(
        processors=[_LineRenderer(render, {} if process is None else {"process": process})],
        logger_factory=lambda name="": _LineLogger(name, writer.write),
        wrapper_class=structlog.make_filtering_bound_logger(level),
        cache_logger_on_first_use=True,
    )
    library_logs.capture(level, flush)


def dropped() -> int:
    """Number of lines that were never written: read too slowly, or the disk was full."""
    return _writer.dropped if _writer else 0


def flush(timeout_s: float = FLUSH_TIMEOUT_S) -> None:
    """Wait until the events logged so far are written, at most ``FLUSH_TIMEOUT_S`` seconds.

    timeout_s: a shorter limit in seconds.
    """
    if _writer is not None:
        _writer.wait_until_written(min(timeout_s, FLUSH_TIMEOUT_S))


def _log_dropped(missing: int) -> None:
    structlog.get_logger("summsvc.logs").warning("lines dropped", lines=missing)


class _LineRenderer:
    """Renders an event as a line. An event that cannot be rendered never fails its request.

    facts: entries of each line.
    """

    def __init__(self, render: Processor, facts: Mapping[str, object]) -> None:
        self._processors: list[Processor] = [
            structlog.contextvars.merge_contextvars,
            lambda _logger, _method, event: {**event, **facts},
            structlog.processors.add_log_level,
            structlog.stdlib.add_logger_name,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            _with_traceback,
            render,
        ]

    def __call__(self, logger: WrappedLogger, method: str, event: EventDict) -> str:
        try:
            return self._apply(self._processors, logger, method, event)
        except Exception as error:
            # Without the values bound to the request, which may be the cause.
            lost: EventDict = {"event": "log line lost", "error": describe(error)}
            return self._apply(self._processors[1:], logger, "error", lost)

    @staticmethod
    def _apply(
        processors: Sequence[Processor], logger: WrappedLogger, method: str, event: EventDict
    ) -> str:
        rendered: object = event
        for process in processors:
            rendered = process(logger, method, rendered)  # type: ignore[arg-type]
        return str(rendered)


def _with_traceback(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    exc_info = event.pop("exc_info", None)
    if isinstance(exc_info, tuple):
        error = exc_info[1]
    elif isinstance(exc_info, BaseException):
        error = exc_info
    else:
        error = sys.exc_info()[1] if exc_info else None
    if error is not None:
        event["exception"] = format_error(error)
    return event


class _LineLogger:
    """Logger that writes the rendered lines of structlog.

    name: as in ``structlog.get_logger(name)``.
    """

    def __init__(self, name: str, write: Callable[[str], None]) -> None:
        self.name = name
        self._write = write

    def info(self, line: str) -> None:
        self._write(line + "\n")

    debug = warning = error = critical = exception = info
