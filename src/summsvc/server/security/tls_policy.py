"""Lowest TLS version and cipher suites of a server, for gRPC and for Python's ssl."""

from __future__ import annotations

import os
import socket
import ssl
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from grpc._cython import cygrpc

from summsvc.config import Settings, SettingsError
from summsvc.config.values import CIPHER_SUITES

GRPC_CIPHERS_VARIABLE = "GRPC_SSL_CIPHER_SUITES"
"""Environment variable with gRPC's cipher suites of TLS 1.2, its only option of this kind. gRPC
reads it when it is imported, and uses it from the first connection with TLS of the process on."""

DEFAULT_CIPHERS = (
    "ECDHE-ECDSA-AES128-GCM-SHA256",
    "ECDHE-ECDSA-AES256-GCM-SHA384",
    "ECDHE-RSA-AES128-GCM-SHA256",
    "ECDHE-RSA-AES256-GCM-SHA384",
)
"""gRPC's own cipher suites of TLS 1.2."""

NO_TLS_1_2 = "ECDHE-PSK-CHACHA20-POLY1305"
"""Cipher suites with which no handshake of TLS 1.2 succeeds: the only one needs a pre-shared key
(RFC 7905), and gRPC has none. gRPC has no option for the lowest version, and accepts no empty
list. Handshakes of TLS 1.3 do not use the list."""

HANDSHAKE_S = 10.0
"""Seconds for the handshake that verifies the policy."""


@dataclass(frozen=True, slots=True)
class TlsPolicy:
    """Which handshakes a server accepts. TLS 1.0 and 1.1 are always rejected.

    require_1_3: reject TLS 1.2. ciphers: of TLS 1.2, by their OpenSSL names; none: gRPC's own.
    The suites of TLS 1.3 cannot be chosen, neither in gRPC nor in Python's ssl.
    """

    require_1_3: bool = False
    ciphers: tuple[str, ...] = ()

    @staticmethod
    def from_settings(settings: Settings) -> TlsPolicy:
        return TlsPolicy(settings.tls_min_version == "1.3", settings.tls_ciphers)

    def apply_to_grpc(self) -> None:
        """Make gRPC follow the policy, in the whole process and also in its clients.

        It has no effect after the first use of TLS in the process; ``verify`` finds out.
        """
        wanted = NO_TLS_1_2 if self.require_1_3 else ":".join(self.ciphers)
        if wanted:
            os.environ[GRPC_CIPHERS_VARIABLE] = wanted
            cygrpc.reset_grpc_config_vars()

    def verify(self, host: str, port: int) -> None:
        """Verify by a handshake that the server on a port follows the policy.

        Raises SettingsError if a client of TLS 1.2 gets a cipher suite that is not allowed:
        another part of the process has used gRPC with TLS before.
        """
        excluded = [name for name in CIPHER_SUITES if name not in self.ciphers]
        if not excluded or not (self.require_1_3 or self.ciphers):
            return
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        context.set_ciphers(":".join(excluded))
        context.set_alpn_protocols(["h2"])
        with suppress(OSError), socket.create_connection((host, port), HANDSHAKE_S) as plain:
            with context.wrap_socket(plain) as secure:
                agreed = secure.version(), secure.cipher()
            raise SettingsError(
                f"tls_min_version and tls_ciphers: gRPC accepts {agreed} in spite of them, because "
                "this process has used gRPC with TLS before; use a process for this server alone"
            )

    def context(self, cert: Path, key: Path, client_ca: Path | None) -> ssl.SSLContext:
        """Create a server's context of Python's ssl that follows the policy.

        client_ca: None when clients need no certificate. Raises OSError for unusable files.
        """
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        version = ssl.TLSVersion.TLSv1_3 if self.require_1_3 else ssl.TLSVersion.TLSv1_2
        context.minimum_version = version
        # Accept the keys that gRPC accepts, also short ones.
        context.set_ciphers(":".join([*(self.ciphers or DEFAULT_CIPHERS), "@SECLEVEL=0"]))
        context.load_cert_chain(cert, key)
        if client_ca is not None:
            context.load_verify_locations(client_ca)
            context.verify_mode = ssl.CERT_REQUIRED
        return context
