"""CPU time per segment by thread of summsvc, compared with the engine alone.

    python -m bench.speed.threads [--kind KIND] [--clients N] [--rounds N]

The "trained" model, greedy search. Each round measures in turn, so that changes of the
machine's speed affect all: the engine alone with all sentences in one call; a new server
under a closed loop; and the engine alone with the server's own batches in their order, on
as many threads as it has workers. The table has the CPU milliseconds per computed segment,
retries included, as the mean of all rounds. The engine's threads are those with the
most CPU time, one per worker; the event loop is the main thread.
"""

from __future__ import annotations

import argparse
import os
import time
from collections import deque
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, fields
from pathlib import Path
from statistics import mean
from tempfile import TemporaryDirectory

from prometheus_client.parser import text_string_to_metric_families

from bench.serve import clients, texts
from bench.serve.batches import Batch, recorded
from bench.serve.engine import Engine
from bench.serve.models import store
from bench.serve.servers import served, stat_fields
from summsvc.config.cores import cores
from summsvc.engines.base import Placement
from summsvc.engines.ctranslate2 import CTranslate2Engine

MODEL = "trained"

LEAD_S = 2.0
"""Seconds of load before the measurement, until throughput is steady."""


@dataclass(frozen=True)
class Row:
    """Figures of one round; times are CPU milliseconds per segment.

    alone: the engine with all sentences in one call. batches: the engine with the server's
    batches. again: percentage of ``batches`` for retries. engine, loop, others: the server's
    threads. retried: percentage of segments that were retried. batch: mean segments of a
    batch. fill: percentage of tokens that are not padding. faults: page faults per segment.
    """

    alone: float
    batches: float
    again: float
    engine: float
    loop: float
    others: float
    retried: float
    batch: float
    fill: float
    faults: float


def threads_ms(pid: int) -> dict[int, float]:
    """CPU milliseconds of each thread of a process so far, by thread id."""
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


def replayed_ms(batches: Sequence[Batch]) -> float:
    """CPU milliseconds of an engine's threads for the batches of a server."""
    engine = CTranslate2Engine(store(MODEL).spec(MODEL), Placement(workers=cores()))
    engine.warm_up()

    def compute(batch: Batch) -> None:
        engine.generate(batch.texts, batch.source, batch.target, batch.options)

    before = threads_ms(os.getpid())
    with ThreadPoolExecutor(cores()) as threads:
        deque(threads.map(compute, batches), maxlen=0)
    after = threads_ms(os.getpid())
    engine.close()
    took = (ms - before.get(thread, 0.0) for thread, ms in after.items())
    return sum(sorted(took, reverse=True)[: cores()])


def measure(kind: str, count: int, seconds: float) -> Row:
    """Measure one round. seconds: duration of the measurement under load."""
    bodies = texts.bodies(MODEL, kind, 400)
    alone = Engine(MODEL, 1).measure([each for body in bodies for each in texts.segments(body)])
    with TemporaryDirectory() as work:
        file = Path(work) / "batches"
        with served("summsvc", MODEL, runner=("bench.serve.batches", str(file))) as server:
            process = server.processes[0]
            stat = Path(f"/proc/{process.pid}/stat")
            plan = clients.Plan(server.addresses, bodies, count, seconds=LEAD_S + seconds)
            load = clients.start(plan)
            time.sleep(LEAD_S)
            begun = time.monotonic()
            before = threads_ms(process.pid), _counts(process.scraped()), int(stat_fields(stat)[7])
            time.sleep(seconds)
            after = threads_ms(process.pid), _counts(process.scraped()), int(stat_fields(stat)[7])
            ended = time.monotonic()
            clients.finish(load)
        batches = [batch for batch in recorded(file) if begun <= batch.begun < ended]
    counted = {name: after[1][name] - before[1].get(name, 0.0) for name in after[1]}
    retried = counted["summsvc_retried_segments_total"]
    segments = counted["summsvc_segments_total"]
    took = {thread: ms - before[0].get(thread, 0.0) for thread, ms in after[0].items()}
    loop = took.pop(process.pid)
    most = sorted(took.values(), reverse=True)
    replayed = replayed_ms(batches)
    return Row(
        alone.cpu_ms,
        replayed / sum(len(batch.texts) for batch in batches),
        100 * replayed_ms([batch for batch in batches if batch.options.beam_size > 1]) / replayed,
        sum(most[: cores()]) / segments,
        loop / segments,
        sum(most[cores() :]) / segments,
        100 * retried / segments,
        counted["summsvc_batch_segments_sum"] / counted["summsvc_batch_segments_count"],
        100 * counted["summsvc_batch_fill_ratio_sum"] / counted["summsvc_batch_fill_ratio_count"],
        (after[2] - before[2]) / segments,
    )


def table(rows: Sequence[Row]) -> str:
    """The means over all rounds as Markdown."""
    mean_of = {each.name: mean(getattr(row, each.name) for row in rows) for each in fields(Row)}
    server = mean_of["engine"] + mean_of["loop"] + mean_of["others"]
    parts = {"engine": "engine", "event loop": "loop", "text, replies, log": "others"}
    shown = {name: mean_of[part] for name, part in parts.items()} | {"server": server}
    lines = ["| | ms for a segment | share | by the engine alone |", "|---|---|---|---|"]
    for name, ms in shown.items():
        lines.append(f"| {name} | {ms:.2f} | {ms / server:.2f} | {ms / mean_of['alone']:.2f} |")
    offload = {"engine alone, the server's batches": "batches", "engine alone": "alone"}
    for name, part in offload.items():
        ms = mean_of[part]
        lines.append(f"| {name} | {ms:.2f} |  | {ms / mean_of['alone']:.2f} |")
    return "\n".join(lines) + (
        "\n\nretried {retried:.1f} % of segments, in {again:.1f} % of the engine's time with the "
        "server's batches alone; {batch:.0f} segments in a batch, {fill:.0f} % of its tokens no "
        "padding, {faults:.1f} page faults for a segment".format(**mean_of)
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
