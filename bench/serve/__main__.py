"""Many callers, one model: summsvc beside the engine alone and two simple servers.

    python -m bench.serve [--model M ...] [--kind K ...] [--way W ...] [--clients N ...]

Systems: the engine alone with all sentences in one call (limit), a server that
calls transformers' ``generate`` for each request, one that calls CTranslate2
for each request, and summsvc; real servers on real ports, clients in another
process, every client sends its next text when it has the answer to the last.
All on the same texts, all with the same search. Throughput is in output tokens.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
from collections.abc import Iterator
from pathlib import Path

from bench.serve import clients, limit, texts
from bench.serve.models import MODELS
from bench.serve.rows import LIMIT, Row, row, table
from bench.serve.servers import WAYS, Served, served

CALLS = {("opus-mt", "article"): 1, ("opus-mt", "mix"): 2, ("opus-mt", "short"): 4}
"""Calls of each client; a small model answers so fast that it takes more."""

FEWEST = 8
"""Calls in one measurement."""


def workload(model: str, kind: str, count: int) -> list[str]:
    """Texts for so many clients."""
    return texts.bodies(model, kind, max(FEWEST, count * CALLS.get((model, kind), 6)))


def limits(model: str, kind: str, count: int, beams: int) -> Row:
    """The engine alone with the sentences of so many clients."""
    sentences = [
        segment for body in workload(model, kind, count) for segment in texts.segments(body)
    ]
    return Row(model, kind, 0, LIMIT, limit.measure(model, sentences, beams).best)


def measured(
    server: Served, way: str, model: str, kind: str, count: int, *, beams: int, stream: bool
) -> Row:
    """One server with so many clients."""
    plan = clients.Plan(server.address, workload(model, kind, count), count, beams, stream)
    before = server.cpu_s()
    calls = clients.run(plan)
    return row(
        model,
        kind,
        count,
        f"{way}, streamed" if stream else way,
        calls,
        stream=stream,
        cpu_s=server.cpu_s() - before,
        rss_mb=server.rss_mb(),
    )


def rows(arguments: argparse.Namespace) -> Iterator[Row]:
    """Every row that is asked for, as soon as it is measured."""
    for model in arguments.model:
        for kind in arguments.kind:
            yield limits(model, kind, max(arguments.clients), arguments.beams)
        for way in arguments.way:
            with served(way, model, arguments.settings) as server:
                warm_up = texts.bodies(model, "short", 4, seed=2)
                clients.run(clients.Plan(server.address, warm_up, 2, arguments.beams))
                for kind in arguments.kind:
                    for count in arguments.clients:
                        for stream in (False, True) if way == "summsvc" else (False,):
                            if stream and kind == "short":
                                continue
                            yield measured(
                                server,
                                way,
                                model,
                                kind,
                                count,
                                beams=arguments.beams,
                                stream=stream,
                            )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", nargs="+", choices=MODELS, default=["opus-mt"])
    parser.add_argument("--kind", nargs="+", choices=texts.KINDS, default=["short", "article"])
    parser.add_argument("--way", nargs="+", choices=WAYS, default=list(WAYS))
    parser.add_argument("--clients", nargs="+", type=int, default=[1, 32])
    parser.add_argument("--beams", type=int, default=1)
    parser.add_argument("--set", nargs="+", default=[], metavar="NAME=VALUE")
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    arguments.settings = dict(each.split("=", 1) for each in arguments.set)
    found: list[Row] = []
    for each in rows(arguments):
        found.append(each)
        print(dataclasses.asdict(each), flush=True)
    print(table(found))
    if arguments.json:
        arguments.json.write_text(json.dumps([dataclasses.asdict(each) for each in found]))


if __name__ == "__main__":
    main()
