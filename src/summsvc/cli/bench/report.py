"""The report of a load test: JSON, and lines of text."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from summsvc.cli.bench import latency
from summsvc.cli.bench.load import MAX_IN_FLIGHT, Outcome, Plan

LATE_MS = 5.0
"""Delay of sending, at the 99th percentile, from which the report doubts its latencies."""

BAR_COLUMNS = 40

_FULL, _PARTS = "█", " ▏▎▍▌▋▊▉"


@dataclass(frozen=True, slots=True)
class Report:
    """A finished load test.

    server: its address. operation: what was called, for example ``translate to ru``. articles:
    number of different articles. cache: whether the server might use its cache of outputs.
    """

    server: str
    version: str
    operation: str
    articles: int
    cache: bool
    plan: Plan
    outcome: Outcome

    def as_json(self) -> dict[str, Any]:
        """The report as JSON; times in milliseconds, rates per second, means per call."""
        plan, outcome = self.plan, self.outcome
        seconds = outcome.seconds or 1.0
        calls = outcome.completed or 1
        return {
            "server": self.server,
            "version": self.version,
            "operation": self.operation,
            "articles": self.articles,
            "cache": self.cache,
            "clients": plan.clients if plan.rate is None else None,
            "rate": plan.rate,
            "seconds": outcome.seconds,
            "interrupted": outcome.interrupted,
            "completed": outcome.completed,
            "failures": dict(outcome.failures),
            "calls_per_s": outcome.completed / seconds,
            "segments_per_s": outcome.segments / seconds,
            "output_tokens_per_s": outcome.output_tokens / seconds,
            "latency_ms": latency.summary(outcome.latencies_ms),
            "histogram": [
                {"up_to_ms": bound, "calls": count}
                for bound, count in latency.histogram(outcome.latencies_ms)
            ],
            "server_ms": {
                "queue": outcome.queue_ms / calls,
                "segmentation": outcome.segmentation_ms / calls,
                "inference": outcome.inference_ms / calls,
            },
            "sent_late_ms": latency.summary(outcome.late_ms),
        }

    def lines(self) -> Iterator[str]:
        """The report in at most 80 columns."""
        facts = self.as_json()
        yield f"summsvc {self.version} at {self.server}: {self.operation}"
        yield f"{self._load()}, {self._texts()}, {'with' if self.cache else 'without'} the cache"
        cut = ", interrupted" if self.outcome.interrupted else ""
        failed = self.outcome.failures.total()
        yield (
            f"{facts['seconds']:.1f} s, {facts['completed']:,} calls completed, "
            f"{failed:,} failed{cut}"
        )
        for reason, count in self.outcome.failures.most_common():
            yield f"  {count:,} {reason}"
        if not self.outcome.completed:
            return
        yield ""
        yield (
            f"Throughput    {facts['calls_per_s']:,.1f} calls/s, {facts['segments_per_s']:,.1f} "
            f"segments/s, {facts['output_tokens_per_s']:,.0f} output tokens/s"
        )
        times = facts["server_ms"]
        yield (
            f"In the server {times['queue']:.1f} ms queue, {times['segmentation']:.1f} ms text, "
            f"{times['inference']:.1f} ms models (means)"
        )
        yield ""
        yield from _latencies(facts["latency_ms"])
        yield ""
        yield from _bars(latency.histogram(self.outcome.latencies_ms))
        yield ""
        yield from self._remarks(facts["sent_late_ms"])

    def _load(self) -> str:
        if self.plan.rate is None:
            return f"closed loop, {self.plan.clients:,} clients"
        return f"{self.plan.rate:,g} calls/s, whether earlier calls have ended or not"

    def _texts(self) -> str:
        return "1 article" if self.articles == 1 else f"{self.articles:,} articles"

    def _remarks(self, late: dict[str, float]) -> Iterator[str]:
        if self.plan.rate is None:
            yield "Each client waits for its reply, so that a stall delays its next call. For the"
            yield "latency at a given load, whatever the server's state, use --rate."
            return
        yield "Latency counts from the moment at which a call was due."
        if late and late["p99"] > LATE_MS:
            yield (
                f"1 % of the calls were sent more than {late['p99']:,.0f} ms late: this machine "
                f"was busy,"
            )
            yield f"or {MAX_IN_FLIGHT:,} calls were in flight. The latencies include this delay."


def _latencies(found: dict[str, float]) -> Iterator[str]:
    names = {"p999": "p99.9"}
    yield "Latency, ms" + "".join(f"{names.get(name, name):>8}" for name in found)
    yield " " * 11 + "".join(f"{_number(value):>8}" for value in found.values())


def _number(value: float) -> str:
    """A time with three significant digits, or whole milliseconds from 100 ms."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def _bars(bins: list[tuple[float, int]]) -> Iterator[str]:
    yield f"{'up to ms':>11}{'calls':>10}"
    most = max(count for _, count in bins)
    for bound, count in bins:
        yield f"{bound:>11,.6g}{count:>10,}  {_bar(count / most)}".rstrip()


def _bar(share: float) -> str:
    eighths = round(share * BAR_COLUMNS * 8)
    return (_FULL * (eighths // 8) + _PARTS[eighths % 8]).strip()
