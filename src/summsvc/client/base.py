"""``BaseClient``: channel options, TLS, token and timeout of both clients."""

from __future__ import annotations

import json
from os import PathLike
from pathlib import Path

import grpc

from summsvc.client.retry_policy import SERVICE_CONFIG
from summsvc.client.trace_context import trace_metadata

DEFAULT_SERVER = "localhost:50051"
DEFAULT_TIMEOUT_S = 60.0
DEFAULT_MESSAGE_BYTES = 8 * 1024 * 1024


class BaseClient:
    """Connection settings that ``Client`` and ``AsyncClient`` share.

    server: ``host:port`` or any gRPC target, for example ``dns:///name:port``.
    timeout: seconds for calls without a timeout of their own. token: bearer token;
    sent unencrypted unless TLS is on. tls_ca: PEM file of trusted certificate
    authorities; enables TLS. tls_cert, tls_key: PEM files of the client's
    certificate and private key, for servers that require one. max_message_bytes:
    maximum bytes of a request and of a reply, -1: unlimited; the default equals
    the server's default.

    Raises ValueError for incompatible arguments and OSError for unreadable files.
    The connection is opened by the first call.
    """

    def __init__(
        self,
        server: str = DEFAULT_SERVER,
        *,
        timeout: float = DEFAULT_TIMEOUT_S,
        token: str = "",
        tls_ca: str | PathLike[str] | None = None,
        tls_cert: str | PathLike[str] | None = None,
        tls_key: str | PathLike[str] | None = None,
        max_message_bytes: int = DEFAULT_MESSAGE_BYTES,
    ) -> None:
        if not timeout > 0:
            raise ValueError(f"timeout must be above 0 seconds, not {timeout}")
        self.server = server
        self.timeout = timeout
        self._token_metadata = (("authorization", f"Bearer {token}"),) if token else ()
        self._open(
            server,
            _credentials(tls_ca, tls_cert, tls_key),
            [
                ("grpc.service_config", json.dumps(SERVICE_CONFIG)),
                ("grpc.max_receive_message_length", max_message_bytes),
                ("grpc.max_send_message_length", max_message_bytes),
                # A request larger than this buffer (256 KiB by default) is not retried.
                ("grpc.per_rpc_retry_buffer_size", max(max_message_bytes, DEFAULT_MESSAGE_BYTES)),
                # Detects a silently broken connection within 30 seconds.
                ("grpc.keepalive_time_ms", 20_000),
                ("grpc.keepalive_timeout_ms", 10_000),
                # Long inference sends no data for minutes; keepalive pings must continue.
                ("grpc.http2.max_pings_without_data", 0),
            ],
        )

    @property
    def _metadata(self) -> tuple[tuple[str, str], ...]:
        """Metadata of the next call: the token, and the trace context of the active span."""
        return self._token_metadata + trace_metadata()

    def _timeout(self, given: float | None) -> float:
        return self.timeout if given is None else given

    def _open(
        self,
        server: str,
        credentials: grpc.ChannelCredentials | None,
        options: list[tuple[str, str | int]],
    ) -> None:
        """Open the channel and create the stubs."""
        raise NotImplementedError


def _credentials(
    ca: str | PathLike[str] | None,
    cert: str | PathLike[str] | None,
    key: str | PathLike[str] | None,
) -> grpc.ChannelCredentials | None:
    """TLS credentials, or None for a plaintext connection."""
    if (cert is None) != (key is None):
        raise ValueError("tls_cert and tls_key go together")
    if ca is None:
        if cert is not None:
            raise ValueError("tls_cert needs tls_ca: certificates are sent over TLS only")
        return None
    return grpc.ssl_channel_credentials(
        Path(ca).read_bytes(),
        private_key=None if key is None else Path(key).read_bytes(),
        certificate_chain=None if cert is None else Path(cert).read_bytes(),
    )
