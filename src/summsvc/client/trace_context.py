"""Trace context of the caller's active span, as metadata of a call."""

from __future__ import annotations

import sys


def trace_metadata() -> tuple[tuple[str, str], ...]:
    """Return ``traceparent`` and what else OTEL_PROPAGATORS asks for; empty without a span.

    A program that has not imported OpenTelemetry has no active span, so nothing is imported here
    for it (https://www.w3.org/TR/trace-context/).
    """
    if "opentelemetry.trace" not in sys.modules:
        return ()
    from opentelemetry import propagate, trace

    if not trace.get_current_span().get_span_context().is_valid:
        return ()
    carrier: dict[str, str] = {}
    propagate.inject(carrier)
    # Keys of gRPC metadata are lower-case.
    return tuple((key.lower(), value) for key, value in carrier.items())
