"""Short texts while books saturate the server: what they wait longer."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass

from bench.serve import clients, texts
from bench.serve.rows import percentile
from bench.serve.servers import Served

BOOKS = 4
"""Clients that send books; two workers are never without."""

BOOK_ARTICLES = 12
"""Articles in one book: more than 64 segments, which the server takes for bulk."""

SETTLING_S = 3.0
"""Until the books are read and the batches have their size."""


@dataclass(frozen=True)
class Bulk:
    """Milliseconds of a short text on an idle server and beside books, and of one batch then.

    batch_ms: mean. tokens_per_s: output of both kinds together.
    """

    idle_p50_ms: float
    idle_p95_ms: float
    busy_p50_ms: float
    busy_p95_ms: float
    batch_ms: float
    tokens_per_s: float
    calls: int
    failed: int


def measure(server: Served, model: str, *, seconds: float, beams: int) -> Bulk:
    """One client sends short texts, on the idle server and then beside books."""
    shorts = texts.bodies(model, "short", 50)
    books = [
        "\n\n".join(texts.bodies(model, "article", BOOK_ARTICLES, seed=seed))
        for seed in range(BOOKS)
    ]
    one = clients.Plan(server.addresses, shorts, 1, beams, seconds=seconds)
    idle = clients.run(one).calls
    bulk = clients.start(
        clients.Plan(server.addresses, books, BOOKS, beams, seconds=seconds + SETTLING_S + 1)
    )
    time.sleep(SETTLING_S)
    before, begun = _sums(server), time.monotonic()
    busy = clients.run(one).calls
    after, took = _sums(server), time.monotonic() - begun
    failed = sum(call.code != "OK" for call in [*idle, *busy, *clients.finish(bulk).calls])
    batches, batch_s, tokens = (b - a for a, b in zip(before, after, strict=True))

    def wait(calls: list[clients.Call], share: float) -> float:
        return 1000 * percentile([call.ended - call.begun for call in calls], share)

    return Bulk(
        wait(idle, 0.5),
        wait(idle, 0.95),
        wait(busy, 0.5),
        wait(busy, 0.95),
        batch_ms=1000 * batch_s / max(1, batches),
        tokens_per_s=tokens / took,
        calls=len(busy),
        failed=failed,
    )


def _sums(server: Served) -> tuple[float, float, float]:
    """Batches so far, the seconds they took, and tokens that came out, by /metrics."""
    page = server.processes[0].scraped()
    names = ("batch_seconds_count", "batch_seconds_sum", "output_tokens_total")
    found = [re.search(rf"^summsvc_{name}{{.*}} (\S+)$", page, re.M) for name in names]
    count, seconds, tokens = (float(each[1]) if each else 0.0 for each in found)
    return count, seconds, tokens
