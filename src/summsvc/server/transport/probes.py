"""Health alone, on a port of its own: for probes that cannot show a client certificate.

gRPC has the same services and the same demands on all ports of a server, so this is a
second one. It has no other service, takes no other message, and tells what the health
service of the first one tells.
"""

from __future__ import annotations

import grpc
from grpc_health.v1 import health_pb2_grpc

from summsvc.config import Settings
from summsvc.server.transport.listener import listen_for_probes

MOST_STREAMS = 100
"""Open calls of one connection: a probe has one."""

MOST_BYTES = 4096
"""Largest message: the name of a service."""


async def start(
    settings: Settings, servicer: health_pb2_grpc.HealthServicer
) -> tuple[grpc.aio.Server, int]:
    """Start to answer; gives the server and its port. Raises OSError for a port in use."""
    server = grpc.aio.server(
        options=[
            ("grpc.max_receive_message_length", MOST_BYTES),
            ("grpc.max_concurrent_streams", MOST_STREAMS),
            ("grpc.so_reuseport", 0),
        ]
    )
    health_pb2_grpc.add_HealthServicer_to_server(servicer, server)
    port = await listen_for_probes(server, settings)
    await server.start()
    return server, port
