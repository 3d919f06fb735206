"""What a call costs that is refused at once, beside a gRPC server that does nothing else.

    python -m bench.speed.refusals [--rate N ...] [--seconds S]

k6 sends one-sentence articles at a fixed rate to summsvc with a token asked for and
none sent, which is refused before anything else is done, and to a ``grpc.aio`` server
that aborts every call. What both take, and how late they answer, is the price of
gRPC, k6 on the same machine included: no overload can be answered sooner.
"""

from __future__ import annotations

import argparse
import asyncio
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import grpc

from bench.serve import arrivals, bare, texts
from bench.serve.servers import Served, announced, served

MODEL = "trained"

DEADLINE_S = 2.0
"""Of each call; none comes near it unless the server does not keep up."""


@contextmanager
def refusing() -> Iterator[Served]:
    """summsvc, which wants a token that nobody has."""
    with tempfile.NamedTemporaryFile("w", suffix=".token") as tokens:
        tokens.write("secret\n")
        tokens.flush()
        with served("summsvc", MODEL, {"token_file": tokens.name}) as server:
            yield server


async def abort_all() -> None:
    """Refuse every Translate until killed; prints the address."""

    async def refuse(_: Any, context: grpc.aio.ServicerContext[Any, Any]) -> None:
        await context.abort(grpc.StatusCode.RESOURCE_EXHAUSTED, "full")

    server = grpc.aio.server()
    server.add_generic_rpc_handlers((bare.handler(refuse),))
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    print(f"127.0.0.1:{port}", flush=True)
    await server.wait_for_termination()


def row(name: str, server: Served, rate: float, seconds: float) -> str:
    """One load, told as a row of the table."""
    plan = arrivals.Plan(
        server.addresses[0], texts.bodies(MODEL, "short", 400), rate, seconds, DEADLINE_S
    )
    cpu, begun = server.cpu_s(), time.monotonic()
    came = arrivals.run(plan)
    cpu, took = server.cpu_s() - cpu, time.monotonic() - begun
    each = 1000 * cpu / max(came.refused + came.late, 1)
    return (
        f"| {name} | {rate:.0f} | {came.refused} | {came.late + came.broken} "
        f"| {came.refused_p95_ms:.0f} | {cpu / took:.2f} | {each:.2f} | {came.client_cpu:.2f} |"
    )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rate", type=float, nargs="+", default=[200, 400, 800], help="calls/s")
    parser.add_argument("--seconds", type=float, default=8.0, help="of each load")
    parser.add_argument("--abort", action="store_true", help="be the bare server")
    arguments = parser.parse_args()
    if arguments.abort:
        asyncio.run(abort_all())
        return
    columns = "refuses every call | calls/s | refused | late | p95 ms | CPU | ms a call | k6 CPU"
    print(f"| {columns} |\n{'|---' * (columns.count('|') + 1)}|")
    for rate in arguments.rate:
        aborting = announced("bench.speed.refusals", "--abort")
        for name, way in (("summsvc", refusing()), ("`grpc.aio` alone", aborting)):
            with way as server:
                print(row(name, server, rate, arguments.seconds), flush=True)


if __name__ == "__main__":
    main()
