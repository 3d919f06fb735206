"""Spans of the steps of a call: what the service records with, and spans that record nothing.

``server/runtime/otel.py`` has the spans that are exported. Without them a step costs a lookup of
the current span and an empty call, and no tracing library is imported.

A span has no text of a request: attributes are numbers, ids and codes, and an error is the name of
its class or its reason.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextvars import ContextVar
from types import TracebackType
from typing import Any, Self

Metadata = Callable[[], Iterable[tuple[str, Any]] | None]
"""Returns the metadata of a call as pairs of key and value."""


class Span:
    """A span that records nothing, and the base class of those that record. Thread-safe.

    A span is ended by ``end``, or by the end of a ``with`` statement; the first end counts.
    """

    __slots__ = ()

    @property
    def recording(self) -> bool:
        """Whether the span is recorded."""
        return False

    @property
    def trace_id(self) -> str:
        """Id of the trace as 32 hexadecimal digits; "" where nothing is recorded."""
        return ""

    @property
    def exemplar(self) -> dict[str, str] | None:
        """Labels of an exemplar in a metric; None where nothing is exported."""
        return None

    def child(self, _name: str, /, **_attributes: str | float) -> Span:
        """Start a span below this one. attributes: named ``summsvc.KEY`` in the trace."""
        return self

    def link(self, other: Span, /) -> None:
        """Add a link from this span to another one."""

    def set(self, **_attributes: str | float) -> None:
        """Set attributes, named as those of ``child``."""

    def end(self, error: BaseException | None = None, /) -> None:
        """End the span, as failed when there is an error."""

    def end_call(self, _code: str, _reason: str, /) -> None:
        """End the span of a call. code: name of the gRPC status code. reason: of its error."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        error: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        self.end(error)


class Tracer:
    """Starts the spans of calls; this one records nothing."""

    def start_call(self, _method: str, _metadata: Metadata, /) -> Span:
        """Start the span of a call, below the span that its metadata names.

        method: full name, ``/package.Service/Method``.
        """
        return NO_SPAN

    async def close(self, _timeout_s: float, /) -> None:
        """Export the spans that have ended, for at most ``timeout_s`` seconds."""


NO_SPAN = Span()
"""Stands for the span of a call that is not traced."""

_current: ContextVar[Span] = ContextVar("span", default=NO_SPAN)


def current() -> Span:
    """Return the span of the call that is handled in this context.

    Tasks that live longer than a call get their spans from jobs instead: their context is that
    of the call that happened to start them.
    """
    return _current.get()


def set_current(span: Span) -> None:
    """Set the current span for the rest of this task, and for tasks that it creates."""
    _current.set(span)


def start_shared(name: str, spans: Iterable[Span], **attributes: str | float) -> Span:
    """Start a span of work that several requests share.

    It is below the first recorded span, so that it is recorded whenever one of the requests is,
    and in the trace of one of them. It has a link to each span, and the other spans have a link to
    it (https://opentelemetry.io/docs/specs/otel/overview/#links-between-spans).
    """
    recorded = [span for span in spans if span.recording]
    if not recorded:
        return NO_SPAN
    shared = recorded[0].child(name, requests=len(recorded), **attributes)
    for span in recorded:
        shared.link(span)
    for span in recorded[1:]:
        span.link(shared)
    return shared
