"""Cost of tracing for short calls: off, on, and without OpenTelemetry.

    python -m bench.speed.tracing [--rounds N] [--calls N] [--tree DIR]

Sends one sentence per call to servers that differ in tracing only, each in a process of its own,
with the small trained model: "absent", OpenTelemetry cannot be imported; "off", it is installed
and ``tracing`` is off; "on", every call is traced; "one in 100" is traced. The last two export to
a collector in a process of its own. ``--tree`` adds a server of another source tree, for example a
checkout of an earlier commit. All servers get the same calls in each round, in the opposite order
in every second round. Columns: median over rounds of the round's median latency; median over
rounds of its ratio to "off" in the same round, with the interquartile range; CPU time of the server
per call; and the same ratio of the time for a round of ``CLIENTS`` clients. Below the table: the
time of one step that is not recorded, in a tight loop.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
import time
import timeit
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median, quantiles

from bench.serve import clients, texts
from bench.serve.servers import Served, announced, served
from summsvc import tracing

MODEL = "trained"
MODULE = "bench.speed.tracing"
BASELINE = "off"
CLIENTS = 16
TO_WARM_UP = 100
"""Calls to each server before the measurement."""


@dataclass
class Row:
    """One server: of each round, the median latency of one client and the time of all clients."""

    name: str
    server: Served
    p50_s: list[float] = field(default_factory=list)
    loaded_s: list[float] = field(default_factory=list)
    cpu_s: float = 0.0
    calls: int = 0

    def measure(self, bodies: list[str]) -> None:
        """Send one round of calls, from one client and from many."""
        before = self.server.cpu_s()
        done = asyncio.run(clients.send(clients.Plan(self.server.addresses, bodies, 1)))
        self.cpu_s += self.server.cpu_s() - before
        self.calls += len(done.calls)
        self.p50_s.append(median(call.ended - call.begun for call in done.calls))
        plan = clients.Plan(self.server.addresses, bodies * 4, CLIENTS)
        loaded = asyncio.run(clients.send(plan)).calls
        begun = min(call.begun for call in loaded)
        self.loaded_s.append(max(call.ended for call in loaded) - begun)


def measure(rounds: int, calls: int, tree: Path | None) -> list[Row]:
    """Measure all servers in turn."""
    bodies = texts.bodies(MODEL, "short", rounds * calls)
    with ExitStack() as stack:
        collector = stack.enter_context(announced(MODULE, "--collector"))
        on = {"tracing": "true", "tracing_endpoint": collector.addresses[0]}
        ways: list[tuple[str, dict[str, str], tuple[str, ...]]] = [
            ("absent", {}, (MODULE, "--without")),
            (BASELINE, {}, ()),
            ("on", on, ()),
            ("one in 100", on | {"tracing_sample_ratio": "0.01"}, ()),
        ]
        if tree is not None:
            ways.insert(0, ("other tree", {}, (MODULE, "--serve-tree", str(tree))))
        # Off: most of a short call would be answered from the cache.
        off = {"cache_bytes": "0"}
        rows = [
            Row(name, stack.enter_context(served("summsvc", MODEL, off | settings, runner)))
            for name, settings, runner in ways
        ]
        for row in rows:
            row.measure(texts.bodies(MODEL, "short", TO_WARM_UP, seed=2))
            row.p50_s, row.loaded_s, row.cpu_s, row.calls = [], [], 0.0, 0
        for number in range(rounds):
            for row in rows[:: -1 if number % 2 else 1]:
                row.measure(bodies[number * calls : (number + 1) * calls])
    return rows


def table(rows: list[Row]) -> str:
    """The rows as Markdown."""
    lines = [
        f"| tracing | p50 ms | ratio to {BASELINE} | middle half | CPU ms | {CLIENTS} clients |",
        "|---|---|---|---|---|---|",
    ]
    baseline = next(row for row in rows if row.name == BASELINE)
    for row in rows:
        low, middle, high = quantiles(ratios(row.p50_s, baseline.p50_s), n=4, method="inclusive")
        lines.append(
            f"| {row.name} | {1000 * median(row.p50_s):.2f} | {middle:.3f} "
            f"| {low:.3f} to {high:.3f} | {1000 * row.cpu_s / row.calls:.2f} "
            f"| {median(ratios(row.loaded_s, baseline.loaded_s)):.3f} |"
        )
    return "\n".join(lines)


def ratios(values: list[float], others: list[float]) -> list[float]:
    return [a / b for a, b in zip(values, others, strict=True)]


def step_ns() -> float:
    """Nanoseconds of a step that is not recorded."""

    def step() -> None:
        with tracing.current().child("step", segments=1):
            pass

    count = 200_000
    return min(timeit.repeat(step, number=count, repeat=5)) / count * 1e9


def serve_without() -> None:
    """Run the command line of summsvc without OpenTelemetry."""
    sys.modules["opentelemetry"] = None  # type: ignore[assignment]
    from summsvc.cli import main

    main()


def serve_tree(tree: str) -> None:
    """Run the command line of another source tree in place of this process."""
    environment = {**os.environ, "PYTHONPATH": str(Path(tree) / "src")}
    code = "from summsvc.cli import main; main()"
    os.execve(sys.executable, [sys.executable, "-c", code, *sys.argv[1:]], environment)


def collect() -> None:
    """Run a collector that keeps nothing until it is killed; prints its address."""
    # Not at the top: "absent" imports this module too.
    from tests.server.collector import collecting

    with collecting() as collector:
        print(collector.address, flush=True)
        while True:
            time.sleep(1)
            collector.requests.clear()


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=60, help="at least 2")
    parser.add_argument("--calls", type=int, default=20, help="calls of one client in a round")
    parser.add_argument("--tree", type=Path, help="source tree of one more server")
    arguments = parser.parse_args()
    print(table(measure(arguments.rounds, arguments.calls, arguments.tree)))
    print(f"\na step that is not recorded: {step_ns():.0f} ns")


if __name__ == "__main__":
    # What the servers and the collector run as processes of their own.
    if sys.argv[1:2] == ["--without"]:
        del sys.argv[1]
        serve_without()
    elif sys.argv[1:2] == ["--serve-tree"]:
        tree = sys.argv[2]
        del sys.argv[1:3]
        serve_tree(tree)
    elif sys.argv[1:2] == ["--collector"]:
        collect()
    else:
        main()
