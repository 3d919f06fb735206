"""Ray Serve beside the plain server: calls and tokens per second; a replica killed under load.

    python -m bench.ray [--model NAME] [--way WAY] [--rounds N] [--seconds S] [--page FILE]

The plain server is one process with two workers. Ray runs the same service with one replica of
two cores, with two replicas of one core, and with the model in a deployment of its own. In each
round every load runs on the plain server first and after, and on Ray between, because the
machine's speed changes from minute to minute. With --page the tables are written into that page.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bench.ray import load
from bench.serve import models, texts
from bench.serve.servers import served
from bench.tables import replace_tables, table
from tests.process_memory import resident_mb
from tests.ray.cluster import Cluster, cluster

PLAIN = "plain server"
APART = "Ray, model apart"
CPUS = 2

LOADS = (("info", 1), ("info", 16), ("summarize", 16), ("translate", 1), ("translate", 16))
STREAMED = (("stream", 16),)
KILL_S = 12.0
"""Seconds of the load under which a replica is killed, after a quarter of the time."""

HEADINGS = "call | clients | server | calls/s | of plain | tokens/s | p50 ms | p95 ms"


def whole(replicas: int) -> dict[str, Any]:
    """Options of an application in which each replica has the model."""
    scale = {"min_replicas": replicas, "max_replicas": replicas, "num_cpus": CPUS / replicas}
    return {"service": scale}


def apart(model: str, replicas: int) -> dict[str, Any]:
    """Options of an application in which the model has replicas of its own, of half a core."""
    return {
        "service": {"num_cpus": 1},
        "models": {
            model: {"min_replicas": replicas, "max_replicas": replicas, "num_cpus": 1 / replicas}
        },
    }


@dataclass
class Row:
    """Results of one load on one server, one of each round. plain: the calls per second beside."""

    kind: str
    clients: int
    server: str
    done: list[load.Done] = field(default_factory=list)
    plain: list[float] = field(default_factory=list)

    def cells(self) -> list[str]:
        ms = sorted(each for done in self.done for each in done.ms)
        rate = statistics.median(per_second(done) for done in self.done)
        tokens = statistics.median(done.tokens / done.seconds for done in self.done)
        ratios = [
            per_second(done) / plain for done, plain in zip(self.done, self.plain, strict=True)
        ]
        cuts = statistics.quantiles(ms, n=100)
        return [
            self.kind,
            str(self.clients),
            self.server,
            f"{rate:.3g}",
            f"{statistics.median(ratios):.2f}",
            f"{tokens:.0f}" if tokens else "",
            f"{cuts[49]:.1f}",
            f"{cuts[94]:.1f}",
        ]


def per_second(done: load.Done) -> float:
    if done.failed:
        raise RuntimeError(f"calls failed: {done.failed}")
    return len(done.ms) / done.seconds


def compare(
    running: Cluster, plain: str, model: str, rounds: int, seconds: float, ways: dict[str, Any]
) -> tuple[list[Row], dict[str, float]]:
    """Measure all loads on all servers; return rows, and memory in MB by server."""
    settings = {"model_dir": str(models.store(model).root), "log_level": "warning"}
    bodies = texts.bodies(model, "article", 64)
    rows: dict[tuple[str, int, str], Row] = {}
    memory: dict[str, float] = {}

    def measure(address: str, kind: str, clients: int) -> load.Done:
        plan = load.Plan(address, kind, clients, seconds, bodies)
        return load.finish(load.start(plan))

    for way, options in ways.items():
        running.run({"settings": settings, **options})
        measure(running.address, "translate", 4)
        for kind, clients in (*LOADS, *STREAMED):
            for _ in range(rounds):
                before = measure(plain, kind, clients)
                done = measure(running.address, kind, clients)
                after = measure(plain, kind, clients)
                beside = (per_second(before) + per_second(after)) / 2
                for server, each in ((PLAIN, before), (PLAIN, after), (way, done)):
                    row = rows.setdefault((kind, clients, server), Row(kind, clients, server))
                    row.done.append(each)
                    row.plain.append(beside)
        memory[way] = sum(map(resident_mb, running.processes()))
    ordered = sorted(
        rows.values(), key=lambda row: (*LOADS, *STREAMED).index((row.kind, row.clients))
    )
    return ordered, memory


def killed(
    running: Cluster, deployment: str, kind: str, clients: int, bodies: list[str]
) -> list[str]:
    """Kill a replica under load; return a row: what, calls, failed, replicas after."""
    process = load.start(load.Plan(running.address, kind, clients, KILL_S, bodies))
    time.sleep(KILL_S / 4)
    before = set(running.replicas(deployment))
    running.kill(deployment)
    done = load.finish(process)
    _until(lambda: len(running.replicas(deployment)) == len(before))
    failed = "; ".join(f"{count} x {error}" for error, count in done.failed.items())
    name = "the service" if deployment == "summsvc" else "the model"
    return [name, kind, str(clients), str(len(done.ms)), failed or "0", f"{max(done.ms):.0f}"]


def _until(condition: Callable[[], bool], seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise RuntimeError("Ray has not replaced the replica")
        time.sleep(0.2)


def main() -> None:
    parser = argparse.ArgumentParser(prog="scripts/bench ray", description=__doc__)
    parser.add_argument("--model", default="student-base-memory", help="see bench/serve/models.py")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=6.0, help="of each load")
    parser.add_argument("--way", action="append", help="only this way, or these; by default all")
    parser.add_argument("--page", type=Path, help="page whose tables are replaced")
    chosen = parser.parse_args()
    model = chosen.model
    ways = {
        "Ray, one replica": whole(1),
        "Ray, two replicas": whole(2),
        APART: apart(model, 2),
    }
    ways = {way: ways[way] for way in chosen.way or ways}
    settings = {"model_dir": str(models.store(model).root), "log_level": "warning"}
    bodies = texts.bodies(model, "article", 64)
    with served("summsvc", model) as plain, cluster(CPUS) as running:
        rows, memory = compare(
            running, plain.addresses[0], model, chosen.rounds, chosen.seconds, ways
        )
        memory = {PLAIN: plain.rss_mb(), **memory}
        speed = table(HEADINGS, [row.cells() for row in rows])
        sizes = table("server | MB", [[way, f"{mb:.0f}"] for way, mb in memory.items()])
        print(speed, sizes, sep="\n", flush=True)
        deaths = []
        for deployment, kind, clients in (
            ("summsvc", "translate", 16),
            ("summsvc", "stream", 16),
            (f"model-{model}", "translate", 16),
        ):
            if deployment != "summsvc" and APART not in ways:
                continue
            options = whole(2) if deployment == "summsvc" else apart(model, 2)
            running.run({"settings": settings, **options})
            deaths.append(killed(running, deployment, kind, clients, bodies))
    losses = table("killed replica of | call | clients | answered | failed | longest ms", deaths)
    print(losses)
    if chosen.page is not None:
        tables = {"speed": speed, "memory": sizes, "deaths": losses}
        replace_tables(chosen.page, "ray", tables)


if __name__ == "__main__":
    main()
