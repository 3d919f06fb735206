"""Statistics of one system under one load, with those of the engine alone in the same run."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from bench.serve.clients import Done


@dataclass(frozen=True)
class Row:
    """A system ("transformers", "ctranslate2", "summsvc", ...) under one load.

    limit_tokens_per_s: throughput of the engine alone with the same texts, the mean of
    before and after; limit_drift: the ratio of after to before. p50_ms to queue_ms: of a
    call; first_ms: until the first segment, 0 for responses that are not streamed. cpu:
    mean cores used by the server. server_ms, clients_ms, engine_ms: CPU time per segment,
    engine_ms of the engine alone. rss_mb: resident memory of the server at the end.
    failed: calls with a status other than OK. retried: segments translated again.
    """

    model: str
    kind: str
    clients: int
    system: str
    tokens_per_s: float
    limit_tokens_per_s: float = 0.0
    limit_drift: float = 1.0
    p50_ms: float = 0.0
    p95_ms: float = 0.0
    p99_ms: float = 0.0
    first_ms: float = 0.0
    queue_ms: float = 0.0
    cpu: float = 0.0
    server_ms: float = 0.0
    clients_ms: float = 0.0
    engine_ms: float = 0.0
    rss_mb: float = 0.0
    calls: int = 0
    failed: int = 0
    retried: int = 0

    @property
    def share(self) -> float:
        """Throughput relative to the engine alone."""
        return self.tokens_per_s / self.limit_tokens_per_s


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that this share of the values does not exceed; 0 without values."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else 0.0


def row(
    model: str,
    kind: str,
    clients: int,
    system: str,
    done: Done,
    *,
    stream: bool,
    cpu_s: float,
    rss_mb: float,
) -> Row:
    """The row of a load. Throughput is from the start of the first call to the end of the last."""
    calls = done.calls
    good = [call for call in calls if call.code == "OK"]
    seconds = max(call.ended for call in calls) - min(call.begun for call in calls)
    segments = max(1, sum(call.segments for call in good))
    waits = [1000 * (call.ended - call.begun) for call in good]
    firsts = [1000 * (call.first - call.begun) for call in good]
    return Row(
        model,
        kind,
        clients,
        system,
        tokens_per_s=sum(call.output_tokens for call in good) / seconds,
        p50_ms=percentile(waits, 0.5),
        p95_ms=percentile(waits, 0.95),
        p99_ms=percentile(waits, 0.99),
        first_ms=statistics.median(firsts) if stream and firsts else 0.0,
        queue_ms=statistics.median(call.queue_ms for call in good) if good else 0.0,
        cpu=cpu_s / seconds,
        server_ms=1000 * cpu_s / segments,
        clients_ms=1000 * done.cpu_s / segments,
        rss_mb=rss_mb,
        calls=len(calls),
        failed=len(calls) - len(good),
        retried=sum(call.retried for call in good),
    )
