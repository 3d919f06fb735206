"""Counters of calls, and the HTTP endpoint that shows all counters."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120)


class CallMetrics:
    """Calls begun, ended and how long they took, by method."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._in_flight = Gauge(
            "summsvc_calls_in_flight", "Calls being worked on.", ["method"], registry=registry
        )
        self._ended = Counter(
            "summsvc_calls", "Calls ended, by gRPC code.", ["method", "code"], registry=registry
        )
        self._seconds = Histogram(
            "summsvc_call_seconds",
            "Seconds from a call's first to its last moment.",
            ["method"],
            buckets=_SECONDS,
            registry=registry,
        )

    def started(self, method: str) -> None:
        self._in_flight.labels(method).inc()

    def finished(self, method: str, code: str, seconds: float) -> None:
        self._in_flight.labels(method).dec()
        self._ended.labels(method, code).inc()
        self._seconds.labels(method).observe(seconds)
