"""Structured logs on standard error. Article text never goes into them."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Callable
from typing import Any

import structlog

from summsvc.server.lines import Lines

PATIENCE_S = 2.0
"""How long the process waits for its lines to be read before it says that it is ready, or ends."""

_lines: Lines | None = None


def configure(level: str, form: str) -> None:
    """Set up logging for the process, once.

    level: "debug", "info", "warning" or "error". form: "json" for one object
    per line, "console" for people.
    """
    global _lines
    _lines = lines = Lines(sys.stderr.fileno(), _gap)
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    render: Any
    if form == "json":
        shared.append(structlog.processors.format_exc_info)
        encode = json.JSONEncoder(ensure_ascii=False, default=repr).encode

        def render(_logger: Any, _method: str, event: Any) -> str:
            return encode(event)
    else:
        render = structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    structlog.configure(
        processors=[*shared, render],
        logger_factory=lambda name="": _Logger(name, lines.write),
        wrapper_class=structlog.make_filtering_bound_logger(level),
        cache_logger_on_first_use=True,
    )
    # What libraries say takes the way through the standard library.
    handler = logging.StreamHandler(lines)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, render],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    logging.captureWarnings(True)


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


class _Logger:
    """What structlog hands its finished lines to. name: as in ``structlog.get_logger(name)``."""

    def __init__(self, name: str, write: Callable[[str], None]) -> None:
        self.name = name
        self._write = write

    def info(self, line: str) -> None:
        self._write(line + "\n")

    debug = warning = error = critical = exception = info
