"""Throughput and memory of 1, 2 and 4 processes beside the engine alone."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from bench.processes import tree
from bench.processes.results import Footprint, Load
from bench.serve import clients, texts
from bench.serve.engine import Engine
from bench.serve.models import MODELS, store
from bench.serve.rows import row
from bench.serve.servers import Process, served
from bench.speed.students import engine_alone

KINDS = ("short", "article")
READY_S = 120.0


@contextmanager
def serving(model: str, processes: int, *runner: str) -> Iterator[Process]:
    """Run a server of so many processes, until the block ends; yields when all are ready."""
    settings = {"processes": str(processes), "cache_bytes": "0"}
    with served("summsvc", model, settings, runner) as server:
        (process,) = server.processes
        wait_until_ready(process, model, processes)
        yield process


def wait_until_ready(process: Process, model: str, processes: int) -> None:
    """Wait until so many processes accept calls and have the model in memory."""
    until = time.monotonic() + READY_S
    wanted = [f'summsvc_model_loaded{{model="{model}"}} {float(processes)}']
    if processes > 1:
        wanted.append(f"summsvc_processes_listening {float(processes)}")
    while not all(line in process.scraped().splitlines() for line in wanted):
        if time.monotonic() > until:
            raise RuntimeError(f"{processes} processes never became ready")
        time.sleep(0.05)


def engine_speed(model: str, sentences: Sequence[str]) -> Callable[[], float]:
    """A function that measures the engine alone, in output tokens per second on all cores."""
    if model in MODELS:
        engine = Engine(model, beams=1)
        return lambda: engine.measure(sentences).tokens_per_s
    return lambda: engine_alone(model, 1)


def measure(
    model: str, counts: Sequence[int], client_count: int, seconds: float, kinds: Sequence[str]
) -> Iterator[Load | Footprint]:
    """Measure a model: each kind of text with each number of processes, one after the other."""
    for kind in kinds:
        bodies = texts.bodies(model, kind, 400)
        engine = engine_speed(model, [each for body in bodies for each in texts.segments(body)])
        before = engine()
        for processes in counts:
            with serving(model, processes) as process:
                warm_up = texts.bodies(model, "article", 4 * client_count, seed=2)
                clients.run(clients.Plan([process.address], warm_up, client_count))
                cpu = tree.cpu_s(process.pid)
                plan = clients.Plan([process.address], bodies, client_count, seconds=seconds)
                done = clients.run(plan)
                cpu = tree.cpu_s(process.pid) - cpu
                found = tree.memory(process.pid, store(model).root)
            after = engine()
            served_row = row(
                model, kind, client_count, "", done, stream=False, cpu_s=cpu, rss_mb=0.0
            )
            yield Load(
                model,
                kind,
                client_count,
                processes,
                served_row.tokens_per_s,
                (before + after) / 2,
                after / before,
                served_row.p50_ms,
                served_row.p95_ms,
                served_row.cpu,
                served_row.calls,
                served_row.failed,
            )
            before = after
            if kind == kinds[-1]:
                size = store(model).installed()[0].size_bytes / 1e6
                yield Footprint(model, processes, **dataclasses.asdict(found), files=size)
