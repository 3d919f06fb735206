"""Latency of one short call, compared with servers that do less.

    python -m bench.speed.call [--rounds N] [--calls N]

One client sends one sentence per call to four servers in turn, each in a process of its
own: a ``grpc`` server with threads and a ``grpc.aio`` server, which echo the text; a
server that calls CTranslate2 for each request; and summsvc. For each server the table
has the median over rounds of the round's median latency, its difference from the
CTranslate2 server in the same round (median and interquartile range), and the server's
CPU time per call.
"""

from __future__ import annotations

import argparse
import asyncio
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from statistics import median, quantiles
from typing import Any

import grpc

from bench.serve import bare, clients, naive, texts
from bench.serve.servers import Served, announced, served
from summsvc.v1 import article_pb2
from summsvc.v1 import translation_service_pb2 as pb

MODEL = "trained"

MODULE = "bench.speed.call"
"""This module, which the bare servers run in processes of their own."""

ECHOES = ("threads", "aio")

BASELINE = "ctranslate2"

TO_WARM_UP = 100
"""Calls to each server before the measurement."""


def _reply(request: pb.TranslateRequest) -> pb.TranslateResponse:
    return pb.TranslateResponse(
        body=request.article.body, stats=article_pb2.Stats(output_tokens=1, segments=1)
    )


def _listen(server: Any, translate: Any) -> str:
    """Add the method Translate to a server; returns the address."""
    server.add_generic_rpc_handlers((bare.handler(translate, **bare.MESSAGES),))
    return f"127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}"


def echo_in_threads() -> None:
    """Run the threaded echo server until it is killed; prints the address."""
    server = grpc.server(ThreadPoolExecutor(naive.THREADS))
    address = _listen(server, lambda request, _: _reply(request))
    server.start()
    print(address, flush=True)
    server.wait_for_termination()


async def echo_aio() -> None:
    """Run the ``grpc.aio`` echo server until it is killed; prints the address."""

    async def translate(request: pb.TranslateRequest, _: Any) -> pb.TranslateResponse:
        return _reply(request)

    server = grpc.aio.server()
    address = _listen(server, translate)
    await server.start()
    print(address, flush=True)
    await server.wait_for_termination()


@dataclass
class Row:
    """One server: the median latency of each round in ms, and its CPU time."""

    name: str
    server: Served
    p50_ms: list[float] = field(default_factory=list)
    cpu_s: float = 0.0
    calls: int = 0

    def call(self, bodies: list[str]) -> None:
        """Send one round of calls and record its latency and CPU time."""
        before = self.server.cpu_s()
        done = asyncio.run(clients.send(clients.Plan(self.server.addresses, bodies, 1)))
        self.cpu_s += self.server.cpu_s() - before
        self.calls += len(done.calls)
        self.p50_ms.append(median(1000 * (call.ended - call.begun) for call in done.calls))


def measure(rounds: int, calls: int) -> list[Row]:
    """Measure all servers in turn, in the opposite order in every second round."""
    bodies = texts.bodies(MODEL, "short", rounds * calls)
    with ExitStack() as stack:
        rows = [
            Row("`grpc`, threads", stack.enter_context(announced(MODULE, "--echo", "threads"))),
            Row("`grpc.aio`", stack.enter_context(announced(MODULE, "--echo", "aio"))),
            Row(BASELINE, stack.enter_context(served("ctranslate2", MODEL))),
            Row("summsvc", stack.enter_context(served("summsvc", MODEL))),
        ]
        for row in rows:
            row.call(texts.bodies(MODEL, "short", TO_WARM_UP, seed=2))
            row.p50_ms, row.cpu_s, row.calls = [], 0.0, 0
        for number in range(rounds):
            for row in rows[:: -1 if number % 2 else 1]:
                row.call(bodies[number * calls : (number + 1) * calls])
    return rows


def table(rows: list[Row]) -> str:
    """The rows as Markdown; "beyond" is the difference from the CTranslate2 server."""
    lines = ["| server | p50 ms | beyond | middle half | CPU ms |", "|---|---|---|---|---|"]
    baseline = next(row for row in rows if row.name == BASELINE)
    for row in rows:
        beyond = [a - b for a, b in zip(row.p50_ms, baseline.p50_ms, strict=True)]
        low, middle, high = quantiles(beyond, n=4, method="inclusive")
        cpu = 1000 * row.cpu_s / row.calls
        lines.append(
            f"| {row.name} | {median(row.p50_ms):.2f} | {middle:+.2f} "
            f"| {low:+.2f} to {high:+.2f} | {cpu:.2f} |"
        )
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=200, help="at least 2")
    parser.add_argument("--calls", type=int, default=20, help="calls to each server in a round")
    parser.add_argument("--echo", choices=ECHOES, help="run an echo server instead")
    arguments = parser.parse_args()
    if arguments.echo == "threads":
        echo_in_threads()
    elif arguments.echo:
        asyncio.run(echo_aio())
    else:
        print(table(measure(arguments.rounds, arguments.calls)))


if __name__ == "__main__":
    main()
