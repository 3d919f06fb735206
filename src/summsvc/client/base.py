"""How a client is connected: address, TLS, token, retries, keepalive.

A channel holds one HTTP/2 connection per address that the server's name
resolves to and spreads calls over them in turn (``round_robin``). Behind
Kubernetes that needs a headless service and ``dns:///name:port``: an ordinary
service has one virtual address, and every call of a channel would go to the one
pod behind its first connection.
"""

from __future__ import annotations

import json
from os import PathLike
from pathlib import Path

import grpc

DEFAULT_SERVER = "localhost:50051"
DEFAULT_TIMEOUT_S = 60.0
DEFAULT_MESSAGE_BYTES = 8 * 1024 * 1024

SERVICE_CONFIG = {
    "loadBalancingConfig": [{"round_robin": {}}],
    "methodConfig": [
        {
            "name": [
                {"service": "summsvc.v1.SummarizationService"},
                {"service": "summsvc.v1.TranslationService"},
                {"service": "summsvc.v1.ModelService"},
            ],
            # Only these say that another try may do better at once; a full
            # queue must not be filled further by its own refusals. CANCELLED is
            # what gRPC itself answers, without a server having seen the call,
            # when it arrives while the server ends (grpc/grpc issue 41785).
            "retryPolicy": {
                "maxAttempts": 4,
                "initialBackoff": "0.2s",
                "maxBackoff": "2s",
                "backoffMultiplier": 2,
                "retryableStatusCodes": ["UNAVAILABLE", "CANCELLED"],
            },
        }
    ],
}
"""https://github.com/grpc/grpc/blob/master/doc/service_config.md"""


class BaseClient:
    """What both clients have in common: everything known before the first call.

    server: ``host:port`` or any gRPC target, for example ``dns:///name:port``.
    timeout: seconds given to a call that names no other. token: bearer token;
    it travels in the clear unless TLS is on. tls_ca: PEM file with the
    authorities to trust; turns TLS on. tls_cert, tls_key: PEM files of the
    client's own certificate, for servers that ask for one. max_message_bytes:
    largest message either way, -1 for any; the default is the server's.

    Raises ValueError for arguments that do not fit together, OSError for files
    that cannot be read. Whether there is a server shows in the first call.
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
        self._metadata = (("authorization", f"Bearer {token}"),) if token else ()
        self._open(
            server,
            _credentials(tls_ca, tls_cert, tls_key),
            [
                ("grpc.service_config", json.dumps(SERVICE_CONFIG)),
                ("grpc.max_receive_message_length", max_message_bytes),
                ("grpc.max_send_message_length", max_message_bytes),
                # What is larger than this buffer, 256 KiB unless told, is not sent twice.
                ("grpc.per_rpc_retry_buffer_size", max(max_message_bytes, DEFAULT_MESSAGE_BYTES)),
                # A connection that died silently is noticed within half a minute.
                ("grpc.keepalive_time_ms", 20_000),
                ("grpc.keepalive_timeout_ms", 10_000),
                # Long inference sends nothing for minutes; pings must go on.
                ("grpc.http2.max_pings_without_data", 0),
            ],
        )

    def _timeout(self, given: float | None) -> float:
        return self.timeout if given is None else given

    def _open(
        self,
        server: str,
        credentials: grpc.ChannelCredentials | None,
        options: list[tuple[str, str | int]],
    ) -> None:
        """Open the channel and make the stubs."""
        raise NotImplementedError


def _credentials(
    ca: str | PathLike[str] | None,
    cert: str | PathLike[str] | None,
    key: str | PathLike[str] | None,
) -> grpc.ChannelCredentials | None:
    """TLS credentials, or None for a plain connection."""
    if (cert is None) != (key is None):
        raise ValueError("tls_cert and tls_key go together")
    if ca is None:
        if cert is not None:
            raise ValueError("tls_cert needs tls_ca: certificates are only shown over TLS")
        return None
    return grpc.ssl_channel_credentials(
        Path(ca).read_bytes(),
        private_key=None if key is None else Path(key).read_bytes(),
        certificate_chain=None if cert is None else Path(cert).read_bytes(),
    )
