"""Latency of short texts while long articles saturate the server."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass

from bench.serve import clients, texts
from bench.serve.rows import percentile
from bench.serve.servers import Served

LONG_CLIENTS = 4
"""Clients that send long articles: enough to keep two workers busy."""

JOINED_ARTICLES = 12
"""Articles joined to one long article: more than 64 segments, which the server treats as bulk."""

SETTLING_S = 3.0
"""Seconds until the long articles are parsed and the batch size is steady."""


@dataclass(frozen=True)
class Bulk:
    """Latency of short texts on an idle server and on one busy with long articles, in ms.

    batch_ms: mean duration of a batch on the busy server. tokens_per_s: output tokens of
    short and long texts.
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
    """Send short texts from one client to the idle server, then while long articles run."""
    shorts = texts.bodies(model, "short", 50)
    long_articles = [
        "\n\n".join(texts.bodies(model, "article", JOINED_ARTICLES, seed=seed))
        for seed in range(LONG_CLIENTS)
    ]
    one = clients.Plan(server.addresses, shorts, 1, beams, seconds=seconds)
    idle = clients.run(one).calls
    bulk = clients.start(
        clients.Plan(
            server.addresses, long_articles, LONG_CLIENTS, beams, seconds=seconds + SETTLING_S + 1
        )
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
    """Batches so far, their seconds and output tokens, from /metrics."""
    page = server.processes[0].scraped()
    names = ("batch_seconds_count", "batch_seconds_sum", "output_tokens_total")
    found = [re.search(rf"^summsvc_{name}{{.*}} (\S+)$", page, re.M) for name in names]
    count, seconds, tokens = (float(each[1]) if each else 0.0 for each in found)
    return count, seconds, tokens
