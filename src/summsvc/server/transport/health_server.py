"""Health service on a separate port without TLS, for probes that have no client certificate.

gRPC offers the same services and demands the same credentials on every port of a server;
therefore this is a second server. It has only the health service, limits messages to the
size of a service name, and reports the states of the main server.
"""

from __future__ import annotations

import grpc
from grpc_health.v1 import health_pb2_grpc

from summsvc.config import Settings
from summsvc.server.transport.listener import listen_on_health_port
from summsvc.server.transport.options import connection_options

MAX_PROBE_STREAMS = 100
"""Open calls of one connection: a probe has one."""

MAX_PROBE_BYTES = 4096
"""Largest message in bytes: the name of a service."""


async def start_health_server(
    settings: Settings, servicer: health_pb2_grpc.HealthServicer
) -> tuple[grpc.aio.Server, int]:
    """Start the server on ``health_port``; return it and its port.

    Raises OSError for a port that is in use.
    """
    server = grpc.aio.server(
        options=[
            *connection_options(settings),
            ("grpc.max_receive_message_length", MAX_PROBE_BYTES),
            ("grpc.max_concurrent_streams", MAX_PROBE_STREAMS),
        ]
    )
    health_pb2_grpc.add_HealthServicer_to_server(servicer, server)
    port = await listen_on_health_port(server, settings)
    await server.start()
    return server, port
