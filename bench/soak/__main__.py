"""Soak: a server at a share of its capacity, with calls of all kinds, for half an hour.

    python -m bench.soak [--minutes M] [--share S] [--json FILE] [--plot FILE] [--docs PAGE]
    python -m bench.soak --read --json FILE [--plot FILE] [--docs PAGE]

Measures the capacity with a closed loop of the same calls, then makes calls at a share of that
rate: all methods, forms and sizes; clients that cancel, leave their streams and set deadlines
that are too short; models that are unloaded when idle, removed and added. Each minute it records
the server's memory, descriptors, threads and asyncio tasks, the statuses and the latency. The
exit status is 1 when a requirement is not met.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from bench.soak import load
from bench.soak.page import put, report
from bench.soak.plot import plot
from bench.soak.results import Minute, Results, bars
from bench.soak.server import VISITED, Watch, changes, watched

CAPACITY_INTERVALS = 2
"""Intervals of the closed loop; the first warms up the server."""


def soak(minutes: int, share: float, interval_s: float) -> Results:
    """Measure the capacity, then run a soak of so many intervals."""
    with watched() as (server, root):
        plan = load.Plan(server.address, CAPACITY_INTERVALS, min(interval_s, 30.0), 0.0, VISITED)
        *_, closed = load.run(plan)
        capacity = closed.calls / plan.interval_s
        rate = share * capacity
        print(f"capacity: {capacity:.1f} calls/s; {rate:.1f} calls/s now", file=sys.stderr)
        idle = server.idle_usage()
        results = Results(capacity, rate, interval_s, idle, idle)
        plan = load.Plan(server.address, minutes, interval_s, rate, VISITED)
        loads = server.loads()
        with changes(root), Watch(server) as watch:
            for interval in load.run(plan):
                loads, before = server.loads(), loads
                minute = Minute(interval, watch.take(), loads - before)
                results.minutes.append(minute)
                print(f"{len(results.minutes)}: {minute}", file=sys.stderr, flush=True)
        results.idle_after = server.idle_usage()
    return results


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--minutes", type=int, default=30)
    parser.add_argument("--share", type=float, default=0.8, help="of the capacity")
    parser.add_argument(
        "--minute",
        type=float,
        default=60.0,
        metavar="SECONDS",
        help="length of a minute, for trials",
    )
    parser.add_argument("--read", action="store_true", help="measure nothing: read the JSON file")
    parser.add_argument("--json", type=Path, help="file of results")
    parser.add_argument("--plot", type=Path, help="SVG file")
    parser.add_argument(
        "--docs",
        type=Path,
        help="page in which to replace the tables; JSON and SVG are written beside it",
    )
    arguments = parser.parse_args()
    if arguments.read:
        results = Results.read(arguments.json)
    else:
        results = soak(arguments.minutes, arguments.share, arguments.minute)
        if arguments.json:
            results.write(arguments.json)
    print(report(results))
    if arguments.plot:
        plot(results, arguments.plot)
    if arguments.docs:
        put(results, arguments.docs)
        results.write(arguments.docs.with_suffix(".json"))
        plot(results, arguments.docs.with_suffix(".svg"))
    raise SystemExit(0 if all(bar.met for bar in bars(results)) else 1)


if __name__ == "__main__":
    main()
