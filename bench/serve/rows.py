"""What is told of one system under one load, and the bars it is held to."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from bench.serve.clients import Call

LIMIT = "limit"
"""The system that is the engine alone."""


@dataclass(frozen=True)
class Row:
    """A system ("limit", "transformers", "ctranslate2", "summsvc") under one load.

    Milliseconds are a call's; first_ms: until the first segment, 0 where answers
    are not streamed. cpu: cores kept busy. rss_mb: the server's at the end.
    failed: calls that did not end OK. retried: segments translated twice.
    """

    model: str
    kind: str
    clients: int
    system: str
    tokens_per_s: float
    p50_ms: float = 0.0
    p95_ms: float = 0.0
    p99_ms: float = 0.0
    first_ms: float = 0.0
    queue_ms: float = 0.0
    cpu: float = 0.0
    rss_mb: float = 0.0
    calls: int = 0
    failed: int = 0
    retried: int = 0


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that so large a share of them does not exceed; 0 of none."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else 0.0


def row(
    model: str,
    kind: str,
    clients: int,
    system: str,
    calls: Sequence[Call],
    *,
    stream: bool,
    cpu_s: float,
    rss_mb: float,
) -> Row:
    """Sum calls up. Throughput is over all of them, from the first begun to the last ended."""
    good = [call for call in calls if call.code == "OK"]
    seconds = max(call.ended for call in calls) - min(call.begun for call in calls)
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
        rss_mb=rss_mb,
        calls=len(calls),
        failed=len(calls) - len(good),
        retried=sum(call.retried for call in good),
    )


def table(rows: Sequence[Row]) -> str:
    """Rows as Markdown, each with its share of the limit of its model and kind of text."""
    limits = {(each.model, each.kind): each.tokens_per_s for each in rows if each.system == LIMIT}
    lines = [
        "| model | texts | clients | system | tokens/s | of limit | p50 ms | p95 | p99 | first "
        "| queued | CPU | MB |",
        "|---|---|---|---|---|---|---|---|---|---|---|---|---|",
    ]
    for each in rows:
        limit = limits.get((each.model, each.kind))
        share = f"{each.tokens_per_s / limit:.2f}" if limit else ""
        figures = [f"{each.tokens_per_s:.0f}", share]
        if each.calls:
            figures += [
                f"{value:.0f}" if value >= 100 else f"{value:.1f}"
                for value in (each.p50_ms, each.p95_ms, each.p99_ms, each.first_ms, each.queue_ms)
            ]
            figures += [f"{each.cpu:.2f}", f"{each.rss_mb:.0f}"]
        clients = str(each.clients or "")
        cells = [each.model, each.kind, clients, each.system, *figures]
        lines.append("| " + " | ".join(cells + [""] * (13 - len(cells))) + " |")
    return "\n".join(lines)
