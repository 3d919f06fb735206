"""Cost of an immediately rejected call, compared with a gRPC server that only rejects.

    python -m bench.speed.refusals [--rate N ...] [--seconds S]

k6 sends one-sentence articles at a fixed rate to two servers: summsvc, which requires a
token and rejects the calls without one before any other work, and a ``grpc.aio`` server
that aborts every call. The CPU time and latency of the second server are the cost of
gRPC, with k6 on the same machine: no rejection under overload can be faster.
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
"""Deadline of each call; calls reach it only if the server cannot keep up."""


@contextmanager
def refusing() -> Iterator[Served]:
    """A summsvc server that requires a token, so that it rejects every call of the load."""
    with tempfile.NamedTemporaryFile("w", suffix=".token") as tokens:
        tokens.write("secret\n")
        tokens.flush()
        with served("summsvc", MODEL, {"token_file": tokens.name}) as server:
            yield server


async def abort_all() -> None:
    """Run a server that aborts every call until it is killed; prints the address."""

    async def refuse(_: Any, context: grpc.aio.ServicerContext[Any, Any]) -> None:
        await context.abort(grpc.StatusCode.RESOURCE_EXHAUSTED, "full")

    server = grpc.aio.server()
    server.add_generic_rpc_handlers((bare.handler(refuse),))
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    print(f"127.0.0.1:{port}", flush=True)
    await server.wait_for_termination()


def row(name: str, server: Served, rate: float, seconds: float) -> str:
    """Measure one load; a row of the table."""
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
    parser.add_argument("--seconds", type=float, default=8.0, help="duration of each load")
    parser.add_argument("--abort", action="store_true", help="run the aborting server instead")
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
