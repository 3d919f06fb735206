"""Prometheus metrics of calls, event loop and log."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from functools import cache

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.core import CounterMetricFamily, Metric
from prometheus_client.registry import Collector

from summsvc.server.runtime import logs

_CALL_SECONDS_BUCKETS = (
    0.001,
    0.0025,
    0.005,
    0.01,
    0.025,
    0.05,
    0.1,
    0.25,
    0.5,
    1,
    2.5,
    5,
    10,
    30,
    60,
    120,
)
_LAG_SECONDS_BUCKETS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5)

LAG_SAMPLE_PERIOD_S = 0.05
"""Seconds between samples of the event loop's lag."""


class CallMetrics:
    """Calls in flight, ended calls and call durations, by method; ended calls by caller."""

    def __init__(self, registry: CollectorRegistry) -> None:
        # Cached, because ``labels`` looks up the set of labels at each call.
        self._in_flight = cache(
            Gauge(
                "summsvc_calls_in_flight", "Calls being worked on.", ["method"], registry=registry
            ).labels
        )
        self._ended = cache(
            Counter(
                "summsvc_calls", "Calls ended, by gRPC code.", ["method", "code"], registry=registry
            ).labels
        )
        self._errors = cache(
            Counter(
                "summsvc_call_errors",
                "Calls ended with an error, by its reason.",
                ["method", "reason"],
                registry=registry,
            ).labels
        )
        self._seconds = cache(
            Histogram(
                "summsvc_call_seconds",
                "Seconds from a call's first to its last moment.",
                ["method"],
                buckets=_CALL_SECONDS_BUCKETS,
                registry=registry,
            ).labels
        )

        self._by_caller = cache(
            Counter(
                "summsvc_caller_calls",
                "Calls ended, by caller and gRPC code.",
                ["caller", "code"],
                registry=registry,
            ).labels
        )
        self._refused = Counter(
            "summsvc_caller_refused_calls",
            "Calls refused with RESOURCE_EXHAUSTED, by caller and reason.",
            ["caller", "reason"],
            registry=registry,
        )

    def started(self, method: str) -> None:
        self._in_flight(method).inc()

    def finished(
        self,
        method: str,
        code: str,
        seconds: float,
        reason: str = "",
        exemplar: dict[str, str] | None = None,
    ) -> None:
        """Count an ended call. reason: of its error. exemplar: see ``Span.exemplar``."""
        self._in_flight(method).dec()
        self._ended(method, code).inc()
        if reason:
            self._errors(method, reason).inc()
        self._seconds(method).observe(seconds, exemplar)

    def count_caller(self, label: str, code: str, reason: str) -> None:
        """Count an ended call for its caller. label: see ``Caller``. reason: of its error."""
        self._by_caller(label, code).inc()
        if code == "RESOURCE_EXHAUSTED":
            self._refused.labels(label, reason).inc()


class LoopLag:
    """Lag of the event loop: the delay of due callbacks, which is added to every call."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._seconds = Histogram(
            "summsvc_loop_lag_seconds",
            "Seconds by which the event loop was late.",
            buckets=_LAG_SECONDS_BUCKETS,
            registry=registry,
        )

    async def watch(self) -> None:
        """Sample the lag until cancelled."""
        loop = asyncio.get_running_loop()
        while True:
            due = loop.time() + LAG_SAMPLE_PERIOD_S
            await asyncio.sleep(LAG_SAMPLE_PERIOD_S)
            self._seconds.observe(max(0.0, loop.time() - due))


class LogMetrics(Collector):
    """Collector of the number of dropped log lines."""

    def collect(self) -> Iterator[Metric]:
        """Yield the current count."""
        yield CounterMetricFamily(
            "summsvc_dropped_log_lines", "Lines of the log never written.", value=logs.dropped()
        )
