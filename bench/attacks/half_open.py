"""Connections that never send the HTTP/2 preface, or never finish their TLS handshake."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from functools import partial

from bench.attacks.connections import many

CONNECTIONS = 1_000


def steps(port: int) -> Iterator[None]:
    """Open one connection in each step, and keep the newest ``CONNECTIONS``."""
    return many(CONNECTIONS, partial(socket.create_connection, ("127.0.0.1", port), 5))
