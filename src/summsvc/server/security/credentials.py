"""TLS credentials of the server, replaced while it runs when their files change."""

from __future__ import annotations

import ssl
from pathlib import Path

import grpc

from summsvc.config import Settings, SettingsError
from summsvc.server.security.certificates import (
    read_setting_file,
    validate_client_ca,
    validate_identity,
)
from summsvc.server.security.tls_policy import TlsPolicy


class Credentials:
    """Certificate, key and client authorities, loaded from files that may change.

    An open connection keeps the credentials of its handshake; a new connection gets those
    loaded last. Nothing is read before ``load``.

    client_ca: PEM bundle of authorities; None when clients need no certificate.
    policy: accepted versions and cipher suites.
    """

    def __init__(
        self,
        cert: Path,
        key: Path,
        client_ca: Path | None = None,
        policy: TlsPolicy = TlsPolicy(),
    ) -> None:
        self._cert, self._key, self._client_ca = cert, key, client_ca
        self.policy = policy
        self.paths: tuple[Path, ...] = (cert, key) if client_ca is None else (cert, key, client_ca)
        self._current: grpc.ServerCertificateConfiguration | None = None
        self._context: ssl.SSLContext | None = None

    @staticmethod
    def from_settings(settings: Settings) -> Credentials | None:
        """Create the credentials that the settings name; None for plaintext."""
        if settings.tls_cert is None or settings.tls_key is None:
            return None
        policy = TlsPolicy.from_settings(settings)
        policy.apply_to_grpc()
        return Credentials(settings.tls_cert, settings.tls_key, settings.tls_client_ca, policy)

    def load(self) -> dict[str, object]:
        """Load the files; return facts for the log.

        Raises SettingsError with the invalid setting, and keeps the loaded credentials.
        """
        held = self._read()
        validity = validate_identity(self._cert, self._key)
        if self._client_ca is not None:
            validate_client_ca(self._client_ca)
        context = self.policy.context(self._cert, self._key, self._client_ca)
        # These read the files again; use only the contents that were validated.
        if held != self._read():
            raise SettingsError(
                "tls_cert and tls_key: the files changed while they were read; load them again"
            )
        self._context = context
        cert, key, *authorities = held
        self._current = grpc.ssl_server_certificate_configuration(
            [(key, cert)], root_certificates=authorities[0] if authorities else None
        )
        return {"setting": "tls_cert", "valid_until": f"{validity.end:%Y-%m-%dT%H:%M:%SZ}"}

    def _read(self) -> list[bytes]:
        settings = ("tls_cert", "tls_key", "tls_client_ca")
        pairs = zip(settings, self.paths, strict=False)
        return [read_setting_file(setting, path) for setting, path in pairs]

    def server_credentials(self) -> grpc.ServerCredentials:
        """Create credentials for one address; gRPC asks for changes at each new connection."""
        if self._current is None:
            raise RuntimeError("load() has to be called before server_credentials()")
        given = self._current

        def changed() -> grpc.ServerCertificateConfiguration | None:
            nonlocal given
            # Called in a thread of gRPC; None means no change.
            if self._current is given or self._current is None:
                return None
            given = self._current
            return given

        return grpc.dynamic_ssl_server_credentials(
            given,
            changed,  # type: ignore[arg-type]  # The stubs do not allow None.
            require_client_authentication=self._client_ca is not None,
        )

    def ssl_context(self) -> ssl.SSLContext:
        """Return the context that was loaded last, for a connection of Python's ssl."""
        if self._context is None:
            raise RuntimeError("load() has to be called before ssl_context()")
        return self._context
