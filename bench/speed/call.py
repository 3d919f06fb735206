"""What one client's call with a short text takes, beside servers that do less.

    python -m bench.speed.call [--rounds N] [--calls N]

One sentence after the other from one client, by turns: to a ``grpc`` server with
threads and to a ``grpc.aio`` server, both of which send the text back, to one that
calls CTranslate2 for each request, and to summsvc, all in processes of their own. Told:
the median over rounds of a round's median call, how far a round's is beyond that of
the CTranslate2 server in the same round, with the middle half of the rounds, and the
server's processor time for a call.
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
"""Calls to each server before any is measured."""


def _reply(request: pb.TranslateRequest) -> pb.TranslateResponse:
    return pb.TranslateResponse(
        body=request.article.body, stats=article_pb2.Stats(output_tokens=1, segments=1)
    )


def _listen(server: Any, translate: Any) -> str:
    """Offer Translate alone; gives the address."""
    server.add_generic_rpc_handlers((bare.handler(translate, **bare.MESSAGES),))
    return f"127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}"


def echo_in_threads() -> None:
    """Answer until killed; prints the address."""
    server = grpc.server(ThreadPoolExecutor(naive.THREADS))
    address = _listen(server, lambda request, _: _reply(request))
    server.start()
    print(address, flush=True)
    server.wait_for_termination()


async def echo_aio() -> None:
    """The same with ``grpc.aio``."""

    async def translate(request: pb.TranslateRequest, _: Any) -> pb.TranslateResponse:
        return _reply(request)

    server = grpc.aio.server()
    address = _listen(server, translate)
    await server.start()
    print(address, flush=True)
    await server.wait_for_termination()


@dataclass
class Row:
    """One server: the median of each round's calls in milliseconds, and its processor time."""

    name: str
    server: Served
    p50_ms: list[float] = field(default_factory=list)
    cpu_s: float = 0.0
    calls: int = 0

    def call(self, bodies: list[str]) -> None:
        """One round."""
        before = self.server.cpu_s()
        done = asyncio.run(clients.send(clients.Plan(self.server.addresses, bodies, 1)))
        self.cpu_s += self.server.cpu_s() - before
        self.calls += len(done.calls)
        self.p50_ms.append(median(1000 * (call.ended - call.begun) for call in done.calls))


def measure(rounds: int, calls: int) -> list[Row]:
    """All servers by turns, every second time in the opposite order."""
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
    """As Markdown; "beyond" is to the CTranslate2 server."""
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
    parser.add_argument("--calls", type=int, default=20, help="to each server in a round")
    parser.add_argument("--echo", choices=ECHOES, help="be a bare server")
    arguments = parser.parse_args()
    if arguments.echo == "threads":
        echo_in_threads()
    elif arguments.echo:
        asyncio.run(echo_aio())
    else:
        print(table(measure(arguments.rounds, arguments.calls)))


if __name__ == "__main__":
    main()
