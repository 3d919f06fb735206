"""Server processes on one port: throughput, memory, the parent's cost, and killed processes.

    python -m bench.processes [--only PART ...] [--model M ...] [--processes N ...]
    python -m bench.processes --json FILE --docs PAGE

load: a closed loop of clients, each with a connection of its own, against 1, 2 and 4 processes,
with the engine alone before and after each; then the memory of all processes. cost: one client
of a single server, and of a single server below a parent, in turns; bar: at most 1.05 of the
latency. kill: one process after the other is killed under load; bars: calls fail only with
UNAVAILABLE, and none of the clients with the retry policy. The cache of outputs is off. With
--json, the results of several runs are collected in one file.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path

from bench.processes import cost, kill, load
from bench.processes.page import tables, unmet
from bench.processes.results import Load, Results
from bench.speed.students import BEAMS
from bench.tables import replace_tables

PARTS = ("load", "cost", "kill")


def measured(arguments: argparse.Namespace) -> Iterator[Results]:
    """Yield the results of each model and of each further part."""
    for model in arguments.model if "load" in arguments.only else ():
        found = Results()
        for each in load.measure(
            model, arguments.processes, arguments.clients, arguments.seconds, arguments.kind
        ):
            if isinstance(each, Load):
                found.loads.append(each)
            else:
                found.footprints.append(each)
            print(each, file=sys.stderr, flush=True)
        yield found
    if "cost" in arguments.only:
        yield Results(costs=[cost.measure("trained", arguments.rounds, arguments.seconds / 2)])
    if "kill" in arguments.only:
        yield Results(kills=[kill.measure(2, arguments.clients, arguments.kills)])


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    models = ["trained", "student-tiny", "student-base-memory"]
    parser.add_argument("--only", nargs="*", choices=PARTS, default=list(PARTS))
    parser.add_argument("--model", nargs="+", choices=["trained", *BEAMS], default=models)
    parser.add_argument("--processes", nargs="+", type=int, default=[1, 2, 4])
    parser.add_argument("--kind", nargs="+", choices=load.KINDS, default=list(load.KINDS))
    parser.add_argument("--clients", type=int, default=32)
    parser.add_argument("--seconds", type=float, default=8.0, help="of each load")
    parser.add_argument("--rounds", type=int, default=7, help="of the parent's cost")
    parser.add_argument("--kills", type=int, default=4)
    parser.add_argument("--json", type=Path, help="file of results, to read and update")
    parser.add_argument("--docs", type=Path, help="page in which to replace the tables")
    arguments = parser.parse_args()
    results = Results.read(arguments.json) if arguments.json else Results()
    for found in measured(arguments):
        results.replace(found)
        if arguments.json:
            results.write(arguments.json)
    print("\n\n".join(tables(results).values()))
    if arguments.docs:
        replace_tables(arguments.docs, "processes", tables(results))
    if missed := unmet(results):
        raise SystemExit("\n".join(missed))


if __name__ == "__main__":
    main()
