"""The certificate that a server shows, and whose certificates it asks for."""

from __future__ import annotations

from pathlib import Path

import grpc

from summsvc.config import Settings, SettingsError
from summsvc.server.security.certificates import check_authorities, check_identity, read


class Credentials:
    """TLS of a server, from files that may change while it runs.

    A connection that is there keeps what it was made with; each new one gets what was
    loaded last. client_ca: PEM bundle, or None where clients need no certificate. Nothing
    is read before ``load``.
    """

    def __init__(self, cert: Path, key: Path, client_ca: Path | None = None) -> None:
        self._cert, self._key, self._client_ca = cert, key, client_ca
        self.paths: tuple[Path, ...] = (cert, key) if client_ca is None else (cert, key, client_ca)
        self._current: grpc.ServerCertificateConfiguration | None = None

    @staticmethod
    def of(settings: Settings) -> Credentials | None:
        """Those that the settings name; None for plaintext."""
        if settings.tls_cert is None or settings.tls_key is None:
            return None
        return Credentials(settings.tls_cert, settings.tls_key, settings.tls_client_ca)

    def load(self) -> dict[str, object]:
        """Take what the files hold now; gives facts about it for the log.

        Raises SettingsError naming the setting at fault, and keeps what it has.
        """
        held = self._read()
        validity = check_identity(self._cert, self._key)
        if self._client_ca is not None:
            check_authorities(self._client_ca)
        # What was checked is what is used: the files were read twice.
        if held != self._read():
            raise SettingsError("tls_cert and tls_key: the files change while they are read")
        cert, key, *authorities = held
        self._current = grpc.ssl_server_certificate_configuration(
            [(key, cert)], root_certificates=authorities[0] if authorities else None
        )
        return {"setting": "tls_cert", "valid_until": f"{validity.end:%Y-%m-%dT%H:%M:%SZ}"}

    def _read(self) -> list[bytes]:
        settings = ("tls_cert", "tls_key", "tls_client_ca")
        return [read(*each) for each in zip(settings, self.paths, strict=False)]

    def for_address(self) -> grpc.ServerCredentials:
        """Credentials for one address; gRPC asks them for changes at each new connection."""
        if self._current is None:
            raise RuntimeError("credentials are asked for before they are loaded")
        given = self._current

        def changed() -> grpc.ServerCertificateConfiguration | None:
            nonlocal given
            # In a thread of gRPC's; None means no change.
            if self._current is given or self._current is None:
                return None
            given = self._current
            return given

        return grpc.dynamic_ssl_server_credentials(
            given,
            changed,  # type: ignore[arg-type]  # The stubs know of no None.
            require_client_authentication=self._client_ca is not None,
        )
