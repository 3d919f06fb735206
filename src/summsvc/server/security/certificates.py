"""Validation of PEM certificates and keys before gRPC uses them, with precise errors.

gRPC reports only that a file cannot be used. Python's ssl reports whether a key belongs to
a certificate, but the dates of a certificate only for authorities; they are parsed here.
"""

from __future__ import annotations

import base64
import binascii
import re
import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from summsvc.config import SettingsError

_CERTIFICATE = re.compile(
    rb"-----BEGIN ((?:X509 |TRUSTED )?CERTIFICATE)-----(.*?)-----END \1-----", re.DOTALL
)

_MISMATCH = ("KEY_VALUES_MISMATCH", "KEY_TYPE_MISMATCH", "NO_CERTIFICATE_ASSIGNED")
"""OpenSSL's reasons for a key of another certificate; the last one for another key type."""

# ASN.1 tags (ITU-T X.690).
_VERSION, _UTC_TIME, _GENERALIZED_TIME = 0xA0, 0x17, 0x18


@dataclass(frozen=True, slots=True)
class Validity:
    """Validity period of a certificate, both ends included."""

    begin: datetime
    end: datetime

    def problem_at(self, now: datetime) -> str:
        """Describe why the certificate is not valid at a time; empty when it is valid."""
        if now > self.end:
            return f"expired on {self.end:%Y-%m-%d %H:%M} UTC"
        if now < self.begin:
            return f"is not valid before {self.begin:%Y-%m-%d %H:%M} UTC"
        return ""


def read_setting_file(setting: str, path: Path) -> bytes:
    """Read a file that a setting names; raises SettingsError with the setting and the path."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise SettingsError(f"{setting}: {path}: {error.strerror or error}") from None


def validate_identity(cert: Path, key: Path) -> Validity:
    """Validate a server's certificate chain and key; return the validity of its certificate.

    Raises SettingsError with the setting, ``tls_cert`` or ``tls_key``, and the reason.
    """
    found = _certificates("tls_cert", cert)
    secret = read_setting_file("tls_key", key)
    if b"PRIVATE KEY-----" not in secret:
        raise SettingsError(f"tls_key: {key} has no private key in PEM form")
    if b"ENCRYPTED" in secret:
        raise SettingsError(f"tls_key: {key} is encrypted; store the key without a password")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    # Reject only what gRPC's TLS library rejects; it accepts short keys.
    context.set_ciphers("DEFAULT:@SECLEVEL=0")
    try:
        context.load_cert_chain(cert, key)
    except ssl.SSLError as error:
        if error.reason in _MISMATCH:
            raise SettingsError(f"tls_key: {key} is not the key of tls_cert ({cert})") from None
        raise SettingsError(
            f"tls_cert and tls_key: {cert} and {key} cannot be used: {error.reason or error}"
        ) from None
    if fault := found[0].problem_at(datetime.now(UTC)):
        raise SettingsError(f"tls_cert: {cert} {fault}")
    return found[0]


def validate_client_ca(path: Path) -> None:
    """Validate the certificate authorities that sign client certificates.

    Raises SettingsError with the setting ``tls_client_ca`` and the reason.
    """
    found = _certificates("tls_client_ca", path)
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_verify_locations(path)
    except ssl.SSLError as error:
        raise SettingsError(
            f"tls_client_ca: {path} cannot be used: {error.reason or error}"
        ) from None
    faults = [certificate.problem_at(datetime.now(UTC)) for certificate in found]
    if all(faults):
        which = path if len(faults) == 1 else f"each certificate of {path} is out of date; the last"
        raise SettingsError(f"tls_client_ca: {which} {faults[-1]}")


def _certificates(setting: str, path: Path) -> list[Validity]:
    blocks = _CERTIFICATE.findall(read_setting_file(setting, path))
    if not blocks:
        raise SettingsError(f"{setting}: {path} has no certificate in PEM form")
    found = []
    for number, (_, block) in enumerate(blocks, 1):
        try:
            found.append(validity(base64.b64decode(block)))
        except (binascii.Error, ValueError, IndexError):
            raise SettingsError(
                f"{setting}: certificate {number} of {path} cannot be read"
            ) from None
    return found


def validity(certificate: bytes) -> Validity:
    """Parse the validity of a certificate in DER form (RFC 5280, section 4.1.2.5).

    Raises ValueError or IndexError for bytes that are not a certificate.
    """
    (_, whole), *_ = _elements(certificate)
    (_, signed), *_ = _elements(whole)
    fields = list(_elements(signed))
    if fields[0][0] == _VERSION:
        del fields[0]
    # The fields are serial number, algorithm, issuer, validity.
    begin, end = (_time(tag, content) for tag, content in _elements(fields[3][1]))
    return Validity(begin, end)


def _elements(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield tag and content of each element of an ASN.1 sequence."""
    at = 0
    while at < len(data):
        tag, length = data[at], data[at + 1]
        at += 2
        if length & 0x80:
            size = length & 0x7F
            length = int.from_bytes(data[at : at + size])
            at += size
        if at + length > len(data):
            raise ValueError("an ASN.1 element is truncated")
        yield tag, data[at : at + length]
        at += length


def _time(tag: int, content: bytes) -> datetime:
    text = content.decode("ascii")
    if tag == _UTC_TIME:
        # Two-digit years stand for 1950 to 2049.
        text = ("19" if text[:2] >= "50" else "20") + text
    elif tag != _GENERALIZED_TIME:
        raise ValueError(f"ASN.1 tag {tag} is not a time")
    return datetime.strptime(text, "%Y%m%d%H%M%SZ").replace(tzinfo=UTC)
