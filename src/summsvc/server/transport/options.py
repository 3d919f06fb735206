"""Channel options of gRPC: the limits of a server's connections, streams and messages.

Names and meanings: ``grpc/impl/channel_arg_names.h`` of the C core, which ignores a name that
it does not know; each option here has a test of its effect.
"""

from __future__ import annotations

from summsvc.config import Settings

Options = list[tuple[str, int]]

MIN_PING_INTERVAL_MS = 10_000
"""Least milliseconds between pings of a client that keeps a connection open without calls;
gRPC closes a connection whose client sends more than two pings at shorter intervals."""

UNLIMITED = 2**31 - 1
"""Value of an int32 setting that stands for no limit, like 0: gRPC does not accept it."""


def connection_options(settings: Settings, *, share_port: bool = False) -> Options:
    """Return the limits of connections, which do not depend on their calls.

    share_port: whether other processes of the same user may listen on the same port.
    """
    options = [
        ("grpc.so_reuseport", int(share_port)),
        ("grpc.server_handshake_timeout_ms", _ms(settings.max_handshake_s)),
        # Equal limits: between the two, gRPC would reject headers at random.
        ("grpc.max_metadata_size", settings.max_header_bytes),
        ("grpc.absolute_max_metadata_size", settings.max_header_bytes),
        ("grpc.http2.min_ping_interval_without_data_ms", MIN_PING_INTERVAL_MS),
        ("grpc.keepalive_permit_without_calls", 1),
    ]
    if 0 < settings.max_connections < UNLIMITED:
        options.append(("grpc.max_allowed_incoming_connections", settings.max_connections))
    if settings.max_connection_idle_s:
        options.append(("grpc.max_connection_idle_ms", _ms(settings.max_connection_idle_s)))
    if settings.max_connection_age_s:
        options += [
            ("grpc.max_connection_age_ms", _ms(settings.max_connection_age_s)),
            ("grpc.max_connection_age_grace_ms", _ms(settings.max_connection_age_grace_s)),
        ]
    return options


def call_options(settings: Settings) -> Options:
    """Return the limits of streams and messages.

    The limit of a message applies before and after its decompression, which stops there.
    """
    streams = settings.max_streams_per_connection
    return [
        ("grpc.max_receive_message_length", settings.max_message_bytes),
        ("grpc.max_send_message_length", settings.max_message_bytes),
        ("grpc.max_concurrent_streams", streams),
        # Streams that were cancelled count until their calls have ended here, see CancelledCalls,
        # and a client that cancels streams may open others once it has answered a ping
        # (CVE-2023-44487).
        ("grpc.http.overload_protection", 1),
        ("grpc.http2.ping_on_rst_stream_percent", 100),
        # A client that keeps to the limit opens a stream when it has received the end of another
        # one, which ends here a moment later. It may do so with all its streams at once.
        ("grpc.http2.max_deallocating_streams", streams),
        ("grpc.server.max_pending_requests", settings.max_pending_calls),
        ("grpc.server.max_pending_requests_hard_limit", settings.max_pending_calls),
    ]


def _ms(seconds: float) -> int:
    return max(1, round(seconds * 1000))
