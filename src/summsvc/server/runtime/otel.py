"""Spans of OpenTelemetry, exported by OTLP over gRPC. Needs the extra ``otel``.

Nothing of the library is global here: an application that runs a server in its own process keeps
its own tracer provider. The variables ``OTEL_*`` of the SDK and of the exporter apply where no
setting of summsvc replaces them.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Iterator, Mapping
from contextlib import suppress
from threading import Thread

from opentelemetry import propagate, trace
from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import SERVICE_NAME, SERVICE_VERSION, Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.sampling import ParentBased, TraceIdRatioBased
from opentelemetry.trace import SpanKind, Status, StatusCode

import summsvc
from summsvc.config import Settings
from summsvc.errors import SummsvcError
from summsvc.tracing import NO_SPAN, Metadata, Span, Tracer

MAX_SPANS_PER_CALL = 256
"""Spans of one call, without its own. A stream of a long article would have thousands; those left
out are counted in the attribute ``summsvc.spans_left_out`` of the call."""

FAULTS = frozenset(("UNKNOWN", "DEADLINE_EXCEEDED", "UNIMPLEMENTED", "INTERNAL", "UNAVAILABLE"))
"""Codes with which a call's span has the status ERROR; other codes are the fault of the client
(https://opentelemetry.io/docs/specs/semconv/rpc/grpc/)."""

_Attributes = Mapping[str, str | float]


class OtelTracer(Tracer):
    """Records spans with a tracer provider of its own, and exports them in a thread of its own."""

    def __init__(self, settings: Settings) -> None:
        ratio = settings.tracing_sample_ratio
        self._provider = TracerProvider(
            # None: the SDK reads OTEL_TRACES_SAMPLER.
            sampler=None if ratio < 0 else ParentBased(TraceIdRatioBased(ratio)),
            resource=_resource(settings.tracing_service_name),
            shutdown_on_exit=False,
        )
        exporter = OTLPSpanExporter(endpoint=settings.tracing_endpoint or None)
        self._provider.add_span_processor(BatchSpanProcessor(exporter))
        self._tracer = self._provider.get_tracer("summsvc", summsvc.__version__)

    def start_call(self, method: str, metadata: Metadata, /) -> Span:
        carrier = {key: value for key, value in metadata() or () if isinstance(value, str)}
        name = method.removeprefix("/")
        span = self._tracer.start_span(
            name,
            # Not the context of this task: it may be that of another call.
            context=propagate.extract(carrier, context=Context()),
            kind=SpanKind.SERVER,
            attributes={"rpc.system.name": "grpc", "rpc.method": name},
        )
        return _OtelSpan(span, self._tracer, itertools.count()) if span.is_recording() else NO_SPAN

    async def close(self, timeout_s: float, /) -> None:
        loop = asyncio.get_running_loop()
        closed = loop.create_future()

        def close() -> None:
            self._provider.shutdown()
            # The loop is closed where the collector took longer than the time limit.
            with suppress(RuntimeError):
                loop.call_soon_threadsafe(closed.set_result, None)

        # A thread that nothing waits for: the collector may not answer.
        Thread(target=close, name="close-tracing", daemon=True).start()
        await asyncio.wait([closed], timeout=timeout_s)


class _OtelSpan(Span):
    """A recorded span. spans: counts the spans of the call."""

    __slots__ = ("_ended", "_span", "_spans", "_tracer")

    def __init__(self, span: trace.Span, tracer: trace.Tracer, spans: Iterator[int]) -> None:
        self._span = span
        self._tracer = tracer
        self._spans = spans
        self._ended = False

    @property
    def recording(self) -> bool:
        return True

    @property
    def trace_id(self) -> str:
        return trace.format_trace_id(self._span.get_span_context().trace_id)

    @property
    def exemplar(self) -> dict[str, str] | None:
        context = self._span.get_span_context()
        if not context.trace_flags.sampled:
            return None
        return {"trace_id": self.trace_id, "span_id": trace.format_span_id(context.span_id)}

    def child(self, name: str, /, **attributes: str | float) -> Span:
        if next(self._spans) >= MAX_SPANS_PER_CALL:
            return NO_SPAN
        span = self._tracer.start_span(
            name,
            context=trace.set_span_in_context(self._span, Context()),
            attributes=_named(attributes),
        )
        return _OtelSpan(span, self._tracer, self._spans)

    def link(self, other: Span, /) -> None:
        if isinstance(other, _OtelSpan) and not self._ended:
            self._span.add_link(other._span.get_span_context())

    def set(self, **attributes: str | float) -> None:
        if not self._ended:
            self._span.set_attributes(_named(attributes))

    def end(self, error: BaseException | None = None, /) -> None:
        if self._ended:
            return
        if error is not None:
            kind = type(error).__name__.lstrip("_")
            if isinstance(error, SummsvcError):
                kind = error.reason
            self._span.set_attribute("error.type", kind)
            if not isinstance(error, asyncio.CancelledError):
                self._span.set_status(Status(StatusCode.ERROR, kind))
        self._ended = True
        self._span.end()

    def end_call(self, code: str, reason: str, /) -> None:
        if self._ended:
            return
        self._span.set_attribute("rpc.response.status_code", code)
        if code != "OK":
            self._span.set_attribute("error.type", reason or code)
        if code in FAULTS:
            self._span.set_status(Status(StatusCode.ERROR, reason))
        left_out = next(self._spans) - MAX_SPANS_PER_CALL
        if left_out > 0:
            self.set(spans_left_out=left_out)
        self.end()


def _named(attributes: _Attributes) -> dict[str, str | float]:
    return {f"summsvc.{key}": value for key, value in attributes.items()}


def _resource(service_name: str) -> Resource:
    """Return what identifies the process; the SDK adds OTEL_RESOURCE_ATTRIBUTES."""
    found = Resource.create({SERVICE_VERSION: summsvc.__version__})
    named = str(found.attributes.get(SERVICE_NAME, "")).partition(":")[0] != "unknown_service"
    if service_name or not named:
        found = found.merge(Resource({SERVICE_NAME: service_name or "summsvc"}))
    return found
