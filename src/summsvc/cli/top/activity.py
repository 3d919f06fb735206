"""What a server did between two samples: rates, latencies and gauges, from its metrics."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from summsvc.cli.top.metrics import Metrics
from summsvc.client import Model, ModelList, ServerInfo

TROUBLES = {
    "summsvc_refused_requests_total": "requests rejected at admission",
    "summsvc_unread_refused_total": "articles rejected before they were parsed",
    "summsvc_expired_requests_total": "requests whose deadline passed in the queue",
    "summsvc_failed_segments_total": "segments on which a model failed",
    "summsvc_retried_segments_total": "segments retried because an output was doubtful",
    "summsvc_abandoned_segments_total": "segments whose callers had left",
    "summsvc_stalled_batches_total": "batches treated as hung",
    "summsvc_model_reloads_total": "reloads of a model after hung batches",
    "summsvc_dropped_log_lines_total": "log lines dropped",
}
"""Counters that say that something went wrong, most frequent causes first."""


@dataclass(frozen=True, slots=True)
class Sample:
    """One look at a server.

    metrics: None if ``problem`` says why they cannot be read. at: seconds of a monotonic clock.
    """

    server: ServerInfo
    models: ModelList
    metrics: Metrics | None
    problem: str = ""
    at: float = field(default_factory=time.monotonic)


@dataclass(frozen=True, slots=True)
class MethodActivity:
    """Calls of one method. Times in milliseconds; None without a completed call."""

    method: str
    calls_per_s: float
    failed_per_s: float
    in_flight: int
    p50_ms: float | None
    p95_ms: float | None
    p99_ms: float | None


@dataclass(frozen=True, slots=True)
class ModelActivity:
    """Queue and batches of one model. Means are None without a batch.

    batch_fill: share of a batch's tokens that are not padding. cache_share: share of segments
    answered from the cache or by an identical segment in flight.
    """

    model: str
    queued_requests: int
    queued_tokens: int
    batches_per_s: float
    batch_segments: float | None
    batch_ms: float | None
    batch_fill: float | None
    segments_per_s: float
    output_tokens_per_s: float
    cache_share: float | None


@dataclass(frozen=True, slots=True)
class Activity:
    """What a server did in ``seconds``.

    troubles: increase of each of TROUBLES whose total since the server started is above 0, and
    this total. cpu: mean cores in use. loop_lag_ms: 99th percentile, None without a value.
    """

    seconds: float
    methods: tuple[MethodActivity, ...]
    models: tuple[ModelActivity, ...]
    unread_articles: int
    troubles: Mapping[str, tuple[int, int]]
    cpu: float
    memory_mb: float
    loop_lag_ms: float | None


def activity(before: Sample, after: Sample) -> Activity | None:
    """The activity between two samples of one server; None if one has no metrics."""
    old, new = before.metrics, after.metrics
    if old is None or new is None:
        return None
    if new.total("process_start_time_seconds") != old.total("process_start_time_seconds"):
        # Counters began again at 0 when the server was restarted.
        old = Metrics(())
    change = _Change(old, new, max(after.at - before.at, 1e-9))
    methods = sorted(new.by("method", "summsvc_call_seconds_count"))
    models = sorted(new.by("model", "summsvc_model_loaded"))
    return Activity(
        seconds=change.seconds,
        methods=tuple(_method(change, name) for name in methods),
        models=tuple(_model(change, name) for name in models),
        unread_articles=round(new.total("summsvc_unread_articles")),
        troubles={
            text: (round(change.increase(name)), round(new.total(name)))
            for name, text in TROUBLES.items()
            if new.total(name)
        },
        cpu=change.rate("process_cpu_seconds_total"),
        memory_mb=new.total("process_resident_memory_bytes") / 1e6,
        loop_lag_ms=change.quantile_ms("summsvc_loop_lag_seconds", 0.99),
    )


class _Change:
    """Differences of two scrapes that are ``seconds`` apart."""

    def __init__(self, old: Metrics, new: Metrics, seconds: float) -> None:
        self.old, self.new, self.seconds = old, new, seconds

    def increase(self, name: str, /, **labels: str) -> float:
        return max(0.0, self.new.total(name, **labels) - self.old.total(name, **labels))

    def rate(self, name: str, /, **labels: str) -> float:
        return self.increase(name, **labels) / self.seconds

    def mean(self, name: str, /, **labels: str) -> float | None:
        """Mean of the new values of a histogram or summary."""
        count = self.increase(f"{name}_count", **labels)
        return self.increase(f"{name}_sum", **labels) / count if count else None

    def quantile_ms(self, name: str, share: float, /, **labels: str) -> float | None:
        """A quantile of the new values in milliseconds, interpolated within its bucket.

        The upper bound of the last finite bucket if the quantile is above it, as in Prometheus'
        histogram_quantile.
        """
        old = self.old.buckets(name, **labels)
        counts = {
            bound: value - old.get(bound, 0.0)
            for bound, value in self.new.buckets(name, **labels).items()
        }
        total = max(counts.values(), default=0.0)
        if total <= 0:
            return None
        lower = below = 0.0
        for bound, count in counts.items():
            if count >= share * total:
                if bound == float("inf"):
                    return lower * 1e3
                part = (share * total - below) / (count - below)
                return (lower + (bound - lower) * part) * 1e3
            lower, below = bound, count
        return lower * 1e3


def _method(change: _Change, method: str) -> MethodActivity:
    name = "summsvc_call_seconds"
    calls = change.rate("summsvc_calls_total", method=method)
    done = change.rate("summsvc_calls_total", method=method, code="OK")
    return MethodActivity(
        method,
        calls_per_s=calls,
        failed_per_s=max(0.0, calls - done),
        in_flight=round(change.new.total("summsvc_calls_in_flight", method=method)),
        p50_ms=change.quantile_ms(name, 0.5, method=method),
        p95_ms=change.quantile_ms(name, 0.95, method=method),
        p99_ms=change.quantile_ms(name, 0.99, method=method),
    )


def _model(change: _Change, model: str) -> ModelActivity:
    computed = change.increase("summsvc_segments_total", model=model)
    reused = change.increase("summsvc_cache_hits_total", model=model)
    reused += change.increase("summsvc_shared_segments_total", model=model)
    seconds = change.mean("summsvc_batch_seconds", model=model)
    return ModelActivity(
        model,
        queued_requests=round(change.new.total("summsvc_queued_requests", model=model)),
        queued_tokens=round(change.new.total("summsvc_queued_tokens", model=model)),
        batches_per_s=change.rate("summsvc_batch_seconds_count", model=model),
        batch_segments=change.mean("summsvc_batch_segments", model=model),
        batch_ms=None if seconds is None else seconds * 1e3,
        batch_fill=change.mean("summsvc_batch_fill", model=model),
        segments_per_s=computed / change.seconds,
        output_tokens_per_s=change.rate("summsvc_output_tokens_total", model=model),
        cache_share=reused / (computed + reused) if computed + reused else None,
    )


def as_json(address: str, sample: Sample, found: Activity | None) -> dict[str, Any]:
    """A sample and the activity before it as JSON."""
    import dataclasses

    return {
        "server": address,
        "version": sample.server.version,
        "uptime_s": sample.server.uptime_s,
        "models": [_model_facts(model) for model in sample.models.models if model.state],
        "metrics": sample.problem or "read",
        "activity": None if found is None else dataclasses.asdict(found),
    }


def _model_facts(model: Model) -> dict[str, Any]:
    return {
        "id": model.id,
        "state": model.state,
        "engine": model.engine,
        "size_bytes": model.size_bytes,
        "error": model.error,
    }
