"""What a segment costs each thread of summsvc, beside the engine alone.

    python -m bench.threads [--kind KIND] [--clients N] [--rounds N]

The "trained" model, greedy search. In turn, so that the machine's speed moves both:
the engine alone, and a fresh server under a closed loop. Told: processor
milliseconds for a segment computed, further attempts among them, the mean of all
rounds. The engine's threads are those that take most, as many as it has workers; the
event loop is the main one.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import mean

from prometheus_client.parser import text_string_to_metric_families

from bench.serve import clients, texts
from bench.serve.engine import Engine
from bench.serve.servers import served, stat_fields
from summsvc.cores import cores

MODEL = "trained"

LEAD_S = 2.0
"""Seconds of the load before threads are looked at: it has found its pace by then."""


@dataclass(frozen=True)
class Row:
    """Milliseconds of processor time for one segment. retried: of a hundred, those tried again.
    batch: segments in one. faults: pages that the system mapped for a segment.
    """

    alone: float
    engine: float
    loop: float
    others: float
    retried: float
    batch: float
    faults: float


def threads_ms(pid: int) -> dict[int, float]:
    """Milliseconds of processor time that each thread of a process has taken, by its id."""
    taken: dict[int, float] = {}
    for stat in Path(f"/proc/{pid}/task").glob("*/stat"):
        fields = stat_fields(stat)
        ticks = int(fields[11]) + int(fields[12])
        taken[int(stat.parent.name)] = 1000 * ticks / os.sysconf("SC_CLK_TCK")
    return taken


def _counts(page: str) -> dict[str, float]:
    """The server's counters of segments, by name."""
    return {
        sample.name: sample.value
        for family in text_string_to_metric_families(page)
        for sample in family.samples
        if sample.labels.get("model") == MODEL
    }


def measure(kind: str, count: int, seconds: float) -> Row:
    """One round. seconds: for which threads are looked at."""
    bodies = texts.bodies(MODEL, kind, 400)
    alone = Engine(MODEL, 1).measure([each for body in bodies for each in texts.segments(body)])
    with served("summsvc", MODEL) as server:
        process = server.processes[0]
        stat = Path(f"/proc/{process.pid}/stat")
        plan = clients.Plan(server.addresses, bodies, count, seconds=LEAD_S + seconds)
        load = clients.start(plan)
        time.sleep(LEAD_S)
        before = threads_ms(process.pid), _counts(process.scraped()), int(stat_fields(stat)[7])
        time.sleep(seconds)
        after = threads_ms(process.pid), _counts(process.scraped()), int(stat_fields(stat)[7])
        clients.finish(load)
    counted = {name: after[1][name] - before[1].get(name, 0.0) for name in after[1]}
    retried = counted["summsvc_retried_segments_total"]
    segments = counted["summsvc_segments_total"]
    took = {thread: ms - before[0].get(thread, 0.0) for thread, ms in after[0].items()}
    loop = took.pop(process.pid)
    most = sorted(took.values(), reverse=True)
    return Row(
        alone.cpu_ms,
        sum(most[: cores()]) / segments,
        loop / segments,
        sum(most[cores() :]) / segments,
        100 * retried / segments,
        counted["summsvc_batch_segments_sum"] / counted["summsvc_batch_segments_count"],
        (after[2] - before[2]) / segments,
    )


def table(rows: Sequence[Row]) -> str:
    """Means of rounds as Markdown."""
    engine, loop, others = (
        mean(getattr(row, name) for row in rows) for name in ("engine", "loop", "others")
    )
    alone = mean(row.alone for row in rows)
    whole = engine + loop + others
    shown = [("engine", engine), ("event loop", loop), ("text, replies, log", others)]
    lines = ["| | ms for a segment | share | by the engine alone |", "|---|---|---|---|"]
    for name, ms in [*shown, ("server", whole), ("engine alone", alone)]:
        share = "" if name == "engine alone" else f"{ms / whole:.2f}"
        lines.append(f"| {name} | {ms:.2f} | {share} | {ms / alone:.2f} |")
    facts = (mean(getattr(row, name) for row in rows) for name in ("retried", "batch", "faults"))
    return "\n".join(lines) + (
        "\n\nretried {:.1f} % of segments, {:.0f} segments in a batch, "
        "{:.1f} page faults for a segment".format(*facts)
    )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--kind", choices=texts.KINDS, default="article")
    parser.add_argument("--clients", type=int, default=32)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=7.0)
    arguments = parser.parse_args()
    print(
        table(
            [
                measure(arguments.kind, arguments.clients, arguments.seconds)
                for _ in range(arguments.rounds)
            ]
        )
    )


if __name__ == "__main__":
    main()
