"""Closed-loop measurements: every client sends its next text after the last response."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from contextlib import ExitStack

from bench.serve import clients, texts
from bench.serve.engine import Engine
from bench.serve.pieces import Piece
from bench.serve.rows import Row, row
from bench.serve.servers import Served, served

CALLS = {("opus-mt", "article"): 2, ("opus-mt", "mix"): 2, ("opus-mt", "short"): 4}
"""Calls of each client, by model and kind of text."""

CALLS_TRAINED = 16
"""Calls of each client with other models, which take milliseconds."""

MIN_CALLS = {"opus-mt": 16, "trained": 400}
"""Calls of one measurement at least, by model."""

MIN_CALLS_TRANSFORMERS = {"opus-mt": 16, "trained": 64}
"""The same for transformers, with one call of each client: ``generate`` takes seconds per call,
and more calls do not change its result."""


def workload(way: str, model: str, kind: str, count: int) -> list[str]:
    """Texts for so many clients; those for transformers are a prefix of the others."""
    calls = max(MIN_CALLS[model], count * CALLS.get((model, kind), CALLS_TRAINED))
    if way == "transformers":
        calls = max(MIN_CALLS_TRANSFORMERS[model], count)
    return texts.bodies(model, kind, calls)


def measure(piece: Piece, *, beams: int, settings: dict[str, str]) -> Iterator[Row]:
    """The rows of a piece, yielded after each load.

    Each load is measured with the engine alone, with one system after the other, and
    with the engine again, because the machine's speed changes from minute to minute.
    All servers run all the time; the others are idle.
    """
    model, engine = piece.model, Engine(piece.model, beams)
    with ExitStack() as stack:
        servers = {way: stack.enter_context(served(way, model, settings)) for way in piece.ways}
        for server in servers.values():
            warm_up = texts.bodies(model, "article", 4, seed=2)
            clients.run(clients.Plan(server.addresses, warm_up, 2, beams))
        for kind in piece.kinds:
            for count in piece.clients:
                yield from _load(engine, servers, model, kind, count, beams)


def _load(
    engine: Engine, servers: dict[str, Served], model: str, kind: str, count: int, beams: int
) -> Iterator[Row]:
    bodies = max((workload(way, model, kind, count) for way in servers), key=len)
    sentences = [segment for body in bodies for segment in texts.segments(body)]
    before = engine.measure(sentences)
    rows = [
        _row(server, way, model, kind, count, beams, stream=stream)
        for way, server in servers.items()
        for stream in _streams(way, kind)
    ]
    after = engine.measure(sentences)
    for each in rows:
        yield dataclasses.replace(
            each,
            limit_tokens_per_s=(before.tokens_per_s + after.tokens_per_s) / 2,
            limit_drift=after.tokens_per_s / before.tokens_per_s,
            engine_ms=(before.cpu_ms + after.cpu_ms) / 2,
        )


def _streams(way: str, kind: str) -> Sequence[bool]:
    return (False, True) if way == "summsvc" and kind != "short" else (False,)


def _row(
    server: Served, way: str, model: str, kind: str, count: int, beams: int, *, stream: bool
) -> Row:
    bodies = workload(way, model, kind, count)
    before = server.cpu_s()
    done = clients.run(clients.Plan(server.addresses, bodies, count, beams, stream))
    return row(
        model,
        kind,
        count,
        f"{way}, streamed" if stream else way,
        done,
        stream=stream,
        cpu_s=server.cpu_s() - before,
        rss_mb=server.rss_mb(),
    )
