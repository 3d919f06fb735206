"""A small OTLP collector: a gRPC server that keeps the spans it receives."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import grpc
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2 as pb
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2_grpc
from opentelemetry.proto.common.v1.common_pb2 import KeyValue
from opentelemetry.proto.trace.v1 import trace_pb2

from tests.server.watched import eventually


@dataclass(frozen=True)
class Exported:
    """A span as it was received; ids are hexadecimal. links: ids of spans."""

    name: str
    trace_id: str
    id: str
    parent: str
    attributes: dict[str, Any]
    links: list[str]
    resource: dict[str, Any]
    span: trace_pb2.Span

    @property
    def failed(self) -> bool:
        return self.span.status.code == trace_pb2.Status.STATUS_CODE_ERROR


@dataclass
class Collector(trace_service_pb2_grpc.TraceServiceServicer):
    """Receives export requests. metadata: of the last one."""

    address: str = ""
    requests: list[pb.ExportTraceServiceRequest] = field(default_factory=list)
    metadata: dict[str, str | bytes] = field(default_factory=dict)

    def Export(
        self, request: pb.ExportTraceServiceRequest, context: grpc.ServicerContext
    ) -> pb.ExportTraceServiceResponse:
        self.metadata = dict(context.invocation_metadata())
        self.requests.append(request)
        return pb.ExportTraceServiceResponse()

    def spans(self, trace_id: str = "") -> list[Exported]:
        """The spans received so far, of all traces or of one."""
        found = [
            _exported(span, _values(resource.resource.attributes))
            for request in list(self.requests)
            for resource in request.resource_spans
            for scope in resource.scope_spans
            for span in scope.spans
        ]
        return [each for each in found if trace_id in ("", each.trace_id)]

    def call(self, trace_id: str) -> list[Exported]:
        """The spans of a trace, once that of its call was received: it ends last."""
        eventually(lambda: any("rpc.method" in each.attributes for each in self.spans(trace_id)))
        return self.spans(trace_id)


def _exported(span: trace_pb2.Span, resource: dict[str, Any]) -> Exported:
    return Exported(
        span.name,
        span.trace_id.hex(),
        span.span_id.hex(),
        span.parent_span_id.hex(),
        _values(span.attributes),
        [link.span_id.hex() for link in span.links],
        resource,
        span,
    )


def _values(attributes: Any) -> dict[str, Any]:
    def value(each: KeyValue) -> Any:
        return getattr(each.value, each.value.WhichOneof("value") or "string_value")

    return {each.key: value(each) for each in attributes}


@contextmanager
def collecting() -> Iterator[Collector]:
    """Run a collector during the block."""
    server = grpc.server(ThreadPoolExecutor(2))
    collector = Collector()
    add = trace_service_pb2_grpc.add_TraceServiceServicer_to_server
    add(collector, server)  # type: ignore[no-untyped-call]
    collector.address = f"http://127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}"
    server.start()
    try:
        yield collector
    finally:
        server.stop(None).wait()


def traceparent(trace_id: str, parent: str, *, sampled: bool = True) -> tuple[tuple[str, str], ...]:
    """Metadata of a call below a span (https://www.w3.org/TR/trace-context/)."""
    return (("traceparent", f"00-{trace_id}-{parent}-{sampled:02d}"),)
