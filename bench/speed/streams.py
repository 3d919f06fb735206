"""Memory of a server with many open streams without a message, compared with bare grpc.aio.

    python -m bench.speed.streams [--rounds N] [--streams N] [--connections N]

Each round opens the connections, sends the headers of so many streams on each of them
without a message, and closes all connections. The table has the resident memory in MB
at the start, with the streams of the first, the middle and the last round open, and some
seconds after the last round. The bare server, which echoes Translate, and summsvc run one
after the other, each in a process of its own. A rejected stream takes no memory: by
default gRPC rejects streams at random when more than a thousand are pending, summsvc
rejects those above ``max_streams_per_connection``.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from contextlib import AbstractContextManager, ExitStack

from bench.serve.servers import Served, announced, served
from tests.server.connection import RawConnection
from tests.server.frames import TRANSLATE

OPEN_S, CLOSED_S, IDLE_S = 2.0, 1.0, 5.0
"""Seconds to wait for the streams to open, for a connection to close, and at the end."""


def memory(server: Served, rounds: int, streams: int, connections: int) -> list[float]:
    """Resident memory in MB at the start, in each round with its streams open, and at the end."""
    port = int(server.addresses[0].rpartition(":")[2])
    found = [server.rss_mb()]
    for _ in range(rounds):
        with ExitStack() as stack:
            for _ in range(connections):
                stack.enter_context(RawConnection(port)).open(TRANSLATE, range(streams))
            time.sleep(OPEN_S)
            found.append(server.rss_mb())
        time.sleep(CLOSED_S)
    time.sleep(IDLE_S)
    return [*found, server.rss_mb()]


def row(name: str, found: Sequence[float]) -> str:
    start, *open_, end = found
    chosen = [start, open_[0], open_[len(open_) // 2], open_[-1], end]
    return f"| {name} | " + " | ".join(f"{each:.0f}" for each in chosen) + " |"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--streams", type=int, default=20_000, help="streams on each connection")
    parser.add_argument("--connections", type=int, default=1)
    arguments = parser.parse_args()
    servers: list[tuple[str, AbstractContextManager[Served]]] = [
        ("`grpc.aio`", announced("bench.speed.call", "--echo", "aio")),
        ("summsvc", served("summsvc", "trained")),
    ]
    print("| server | start | first round | middle | last | at rest |\n|---|---|---|---|---|---|")
    for name, context in servers:
        with context as server:
            found = memory(server, arguments.rounds, arguments.streams, arguments.connections)
            print(row(name, found), flush=True)


if __name__ == "__main__":
    main()
