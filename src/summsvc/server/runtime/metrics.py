"""What the server says about its calls, its event loop and its log."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from functools import cache

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.core import CounterMetricFamily, Metric
from prometheus_client.registry import Collector

from summsvc.server.runtime import logs

_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120)
_LAGS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5)

LAG_PERIOD_S = 0.05
"""How often the event loop is asked whether it is late."""


class CallMetrics:
    """Calls begun, ended and how long they took, by method."""

    def __init__(self, registry: CollectorRegistry) -> None:
        # Each set of labels is looked up once.
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
        self._seconds = cache(
            Histogram(
                "summsvc_call_seconds",
                "Seconds from a call's first to its last moment.",
                ["method"],
                buckets=_SECONDS,
                registry=registry,
            ).labels
        )

    def started(self, method: str) -> None:
        self._in_flight(method).inc()

    def finished(self, method: str, code: str, seconds: float) -> None:
        self._in_flight(method).dec()
        self._ended(method, code).inc()
        self._seconds(method).observe(seconds)


class LoopLag:
    """How late the event loop runs what is due: what every call waits for in addition."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._seconds = Histogram(
            "summsvc_loop_lag_seconds",
            "Seconds by which the event loop was late.",
            buckets=_LAGS,
            registry=registry,
        )

    async def watch(self) -> None:
        """Sample until cancelled."""
        loop = asyncio.get_running_loop()
        while True:
            due = loop.time() + LAG_PERIOD_S
            await asyncio.sleep(LAG_PERIOD_S)
            self._seconds.observe(max(0.0, loop.time() - due))


class LogMetrics(Collector):
    """Lines of the process's log that were lost."""

    def collect(self) -> Iterator[Metric]:
        """The count as it is when it is asked for."""
        yield CounterMetricFamily(
            "summsvc_dropped_log_lines", "Lines of the log never written.", value=logs.dropped()
        )
