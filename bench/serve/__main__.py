"""Many callers, one model: summsvc beside the engine alone and two simple servers.

    python -m bench.serve [--full] [--only PART ...] [--json FILE] [--plot FILE]

Closed loops ("closed"): every client sends its next text when it has the answer
to the last. Systems: the engine alone with all sentences in one call (limit), a
server that calls transformers' ``generate`` for each request, one that calls
CTranslate2 for each request, and summsvc. "bulk": short texts beside books.
"overload": calls at fixed rates, from k6. All over real ports, clients in
another process, all with the same texts and the same search. Tokens are output
tokens. With --json, parts of several runs come together in one file.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path

from bench.serve import bulk, clients, limit, overload, texts
from bench.serve.models import MODELS
from bench.serve.plot import plot
from bench.serve.report import report
from bench.serve.results import Results
from bench.serve.rows import LIMIT, Row, row
from bench.serve.servers import WAYS, Served, served

PARTS = ("closed", "bulk", "overload")
QUICK = {"model": ["opus-mt"], "kind": ["short", "article"], "clients": [1, 32]}
FULL = {"model": list(MODELS), "kind": list(texts.KINDS), "clients": [1, 4, 8, 16, 32, 64]}

CALLS = {("opus-mt", "article"): 1, ("opus-mt", "mix"): 2, ("opus-mt", "short"): 4}
"""Calls of each client; a small model answers so fast that it takes more."""

FEWEST = {"opus-mt": 16, "trained": 200}
"""Calls in one measurement."""

SECONDS = {"opus-mt": 20.0, "trained": 8.0}
"""Of each measurement beside books or at a fixed rate."""

DEADLINE_S = {"opus-mt": 10.0, "trained": 2.0}


def workload(model: str, kind: str, count: int) -> list[str]:
    """Texts for so many clients."""
    return texts.bodies(model, kind, max(FEWEST[model], count * CALLS.get((model, kind), 6)))


def limits(model: str, kind: str, count: int, beams: int) -> Row:
    """The engine alone with the sentences of so many clients."""
    sentences = [
        segment for body in workload(model, kind, count) for segment in texts.segments(body)
    ]
    return Row(model, kind, 0, LIMIT, limit.measure(model, sentences, beams).best)


def closed(
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


def closed_loops(model: str, arguments: argparse.Namespace) -> Iterator[Row]:
    """Every row of a model, as soon as it is measured."""
    beams = arguments.beams
    for kind in arguments.kind:
        yield limits(model, kind, max(arguments.clients), beams)
    for way in arguments.way:
        with served(way, model, arguments.settings) as server:
            warm_up = texts.bodies(model, "article", 4, seed=2)
            clients.run(clients.Plan(server.address, warm_up, 2, beams))
            for kind in arguments.kind:
                for count in arguments.clients:
                    yield closed(server, way, model, kind, count, beams=beams, stream=False)
                    if way == "summsvc" and kind != "short":
                        yield closed(server, way, model, kind, count, beams=beams, stream=True)


def measure(arguments: argparse.Namespace, results: Results) -> Iterator[str]:
    """Add to the results what is asked for; says what it is at."""
    for model in arguments.model:
        if "closed" in arguments.only:
            seen: dict[str, list[Row]] = {}
            for _ in range(arguments.repeat):
                for each in closed_loops(model, arguments):
                    name = f"{model}, {each.kind}, {each.clients} clients, {each.system}"
                    seen.setdefault(name, []).append(each)
                    ordered = sorted(seen[name], key=lambda row: row.tokens_per_s)
                    results.add(ordered[(len(ordered) - 1) // 2])
                    yield name
        if not {"bulk", "overload"} & set(arguments.only):
            continue
        with served("summsvc", model, arguments.settings) as server:
            seconds, beams = SECONDS[model], arguments.beams
            if "bulk" in arguments.only:
                results.bulk[model] = bulk.measure(server, model, seconds=seconds, beams=beams)
                yield f"{model}, short texts beside books"
            if "overload" in arguments.only:
                results.overload[model] = overload.measure(
                    server, model, seconds=seconds, deadline_s=DEADLINE_S[model], beams=beams
                )
                yield f"{model}, overload"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--full", action="store_true", help="both models, all loads; an hour")
    parser.add_argument("--only", nargs="+", choices=PARTS, default=list(PARTS))
    parser.add_argument("--model", nargs="+", choices=MODELS)
    parser.add_argument("--kind", nargs="+", choices=texts.KINDS)
    parser.add_argument("--clients", nargs="+", type=int)
    parser.add_argument("--way", nargs="+", choices=WAYS, default=list(WAYS))
    parser.add_argument(
        "--repeat",
        type=int,
        default=1,
        help="closed loops so often; the run of median speed counts",
    )
    parser.add_argument("--beams", type=int, default=1)
    parser.add_argument("--set", nargs="+", default=[], metavar="NAME=VALUE", help="of summsvc")
    parser.add_argument("--json", type=Path, help="results, added to those already in the file")
    parser.add_argument("--plot", type=Path, help="SVG of the closed loops of the first model")
    arguments = parser.parse_args()
    for name, value in (FULL if arguments.full else QUICK).items():
        setattr(arguments, name, getattr(arguments, name) or value)
    arguments.settings = dict(each.split("=", 1) for each in arguments.set)
    results = Results.read(arguments.json) if arguments.json else Results()
    for done in measure(arguments, results):
        print(done, file=sys.stderr, flush=True)
        if arguments.json:
            results.write(arguments.json)
    print(report(results))
    if arguments.plot:
        plot(results, arguments.model[0], arguments.plot)


if __name__ == "__main__":
    main()
