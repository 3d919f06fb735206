"""Serving under load: summsvc compared with the engine alone and two simple servers.

    python -m bench.serve [--model M ...] [--kind K ...] [--clients N ...] [--way W ...]
    python -m bench.serve --piece NAME ... --json FILE
    python -m bench.serve --full --json FILE --docs PAGE --summary PAGE --plot FILE

Closed loops: every client sends its next text after the response to the
last. Systems: the engine alone with all sentences in one call, a server that
calls transformers' ``generate`` for each request, one that calls CTranslate2 for
each request, summsvc, and summsvc in two processes. "bulk": short texts while long
articles are translated. "overload": calls at fixed rates, from k6. All calls use TCP
ports, with the clients in another process, the same texts and the same search.
Tokens are output tokens. Choose the measurements by part (--only, --model, ...) or as
named pieces of less than four minutes each (--piece). With --json, the results of
several runs are collected in one file; without a measurement (--only with no part),
the tables are made from that file.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path

from bench.serve import bulk, closed, overload, texts
from bench.serve.models import MODELS
from bench.serve.pieces import PIECES, Piece
from bench.serve.plot import plot
from bench.serve.report import put, put_summary, report
from bench.serve.results import Results
from bench.serve.servers import WAYS, served

PARTS = ("closed", "bulk", "overload")

SECONDS = {"opus-mt": 20.0, "trained": 8.0}
"""Duration of each measurement of "bulk" and "overload", by model."""

DEADLINE_S = {"opus-mt": 10.0, "trained": 2.0}
"""Deadline of each call of "overload", by model."""


def measure(
    piece: Piece, results: Results, *, beams: int, settings: dict[str, str]
) -> Iterator[str]:
    """Measure a piece and add it to the results; yields a progress message per measurement."""
    model = piece.model
    if piece.clients:
        for row in closed.measure(piece, beams=beams, settings=settings):
            results.add(row)
            yield f"{model}, {row.kind}, {row.clients} clients, {row.system}"
    if not (piece.bulk or piece.overload):
        return
    with served("summsvc", model, settings | piece.settings) as server:
        seconds = SECONDS[model]
        if piece.bulk:
            results.bulk[model] = bulk.measure(server, model, seconds=seconds, beams=beams)
            yield f"{model}, short texts beside long articles"
        if piece.overload:
            results.overload[piece.name] = overload.measure(
                server, model, seconds=seconds, deadline_s=DEADLINE_S[model], beams=beams
            )
            yield f"{piece.name}, overload"


def pieces(arguments: argparse.Namespace) -> Iterator[Piece]:
    """The pieces that the arguments select."""
    if arguments.full or arguments.piece:
        for name in PIECES if arguments.full else arguments.piece:
            yield PIECES[name]
        return
    closed_too = "closed" in arguments.only
    for model in arguments.model:
        yield Piece(
            model,
            tuple(arguments.kind),
            tuple(arguments.clients) if closed_too else (),
            tuple(arguments.way),
            bulk="bulk" in arguments.only,
            overload="overload" in arguments.only,
        )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--full", action="store_true", help="measure all pieces; takes an hour")
    parser.add_argument("--piece", nargs="+", choices=PIECES, metavar="NAME")
    parser.add_argument(
        "--pieces", action="store_true", help="print the names of all pieces and exit"
    )
    parser.add_argument("--only", nargs="*", choices=PARTS, default=list(PARTS))
    parser.add_argument("--model", nargs="+", choices=MODELS, default=["opus-mt"])
    parser.add_argument("--kind", nargs="+", choices=texts.KINDS, default=["short", "article"])
    parser.add_argument("--clients", nargs="+", type=int, default=[1, 32])
    parser.add_argument("--way", nargs="+", choices=WAYS, default=list(WAYS[:-1]))
    parser.add_argument("--beams", type=int, default=1)
    parser.add_argument(
        "--set", nargs="+", default=[], metavar="NAME=VALUE", help="settings of summsvc"
    )
    parser.add_argument("--json", type=Path, help="file of results, to read and update")
    parser.add_argument("--docs", type=Path, help="page in which to replace the tables")
    parser.add_argument(
        "--summary", type=Path, help="page in which to replace the first model's short table"
    )
    parser.add_argument("--plot", type=Path, help="SVG file for the first model's throughput")
    arguments = parser.parse_args()
    if arguments.pieces:
        print(*PIECES, sep="\n")
        return
    settings = dict(each.split("=", 1) for each in arguments.set)
    results = Results.read(arguments.json) if arguments.json else Results()
    for piece in pieces(arguments):
        for done in measure(piece, results, beams=arguments.beams, settings=settings):
            print(done, file=sys.stderr, flush=True)
            if arguments.json:
                results.write(arguments.json)
    print(report(results))
    if arguments.docs:
        put(results, arguments.docs)
    if arguments.summary:
        put_summary(results, arguments.summary, arguments.model[0])
    if arguments.plot:
        plot(results, arguments.model[0], arguments.plot)


if __name__ == "__main__":
    main()
