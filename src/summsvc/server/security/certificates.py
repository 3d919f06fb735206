"""Certificates and keys in PEM files: what is wrong with them, said before they are used.

gRPC only says that they cannot be used. Python's ssl tells whether a key belongs to a
certificate; the dates of a certificate it tells for authorities alone, so they are read here.
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
"""What OpenSSL says of a key that is another certificate's; the last of another kind of key."""

# Tags of ASN.1 (ITU-T X.690).
_VERSION, _UTC_TIME, _GENERALIZED_TIME = 0xA0, 0x17, 0x18


@dataclass(frozen=True, slots=True)
class Validity:
    """From when to when a certificate holds, both included."""

    begin: datetime
    end: datetime

    def fault(self, now: datetime) -> str:
        """What is wrong with the dates at a time; empty when nothing is."""
        if now > self.end:
            return f"expired on {self.end:%Y-%m-%d %H:%M} UTC"
        if now < self.begin:
            return f"is not valid before {self.begin:%Y-%m-%d %H:%M} UTC"
        return ""


def read(setting: str, path: Path) -> bytes:
    """What a file of the settings holds; raises SettingsError naming both."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise SettingsError(f"{setting}: {path}: {error.strerror or error}") from None


def check_identity(cert: Path, key: Path) -> Validity:
    """Check a server's certificate chain and key; gives the validity of its own certificate.

    Raises SettingsError naming ``tls_cert`` or ``tls_key`` and what is wrong.
    """
    found = _certificates("tls_cert", cert)
    secret = read("tls_key", key)
    if b"PRIVATE KEY-----" not in secret:
        raise SettingsError(f"tls_key: {key} has no private key in PEM form")
    if b"ENCRYPTED" in secret:
        raise SettingsError(f"tls_key: {key} is encrypted; keep it without a password")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    # Only what gRPC's own library refuses is to be refused; it takes short keys.
    context.set_ciphers("DEFAULT:@SECLEVEL=0")
    try:
        context.load_cert_chain(cert, key)
    except ssl.SSLError as error:
        if error.reason in _MISMATCH:
            raise SettingsError(f"tls_key: {key} is not the key of tls_cert ({cert})") from None
        raise SettingsError(
            f"tls_cert and tls_key: {cert} and {key} cannot be used: {error.reason or error}"
        ) from None
    if fault := found[0].fault(datetime.now(UTC)):
        raise SettingsError(f"tls_cert: {cert} {fault}")
    return found[0]


def check_authorities(path: Path) -> None:
    """Check the authorities that clients' certificates have to be signed by.

    Raises SettingsError naming ``tls_client_ca`` and what is wrong.
    """
    found = _certificates("tls_client_ca", path)
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_verify_locations(path)
    except ssl.SSLError as error:
        raise SettingsError(
            f"tls_client_ca: {path} cannot be used: {error.reason or error}"
        ) from None
    faults = [each.fault(datetime.now(UTC)) for each in found]
    if all(faults):
        which = path if len(faults) == 1 else f"each certificate of {path} is out of date; the last"
        raise SettingsError(f"tls_client_ca: {which} {faults[-1]}")


def _certificates(setting: str, path: Path) -> list[Validity]:
    blocks = _CERTIFICATE.findall(read(setting, path))
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
    """The validity of a certificate in DER form (RFC 5280, section 4.1.2.5).

    Raises ValueError or IndexError where the bytes are no certificate.
    """
    (_, whole), *_ = _elements(certificate)
    (_, signed), *_ = _elements(whole)
    fields = list(_elements(signed))
    if fields[0][0] == _VERSION:
        del fields[0]
    # Serial number, algorithm, issuer, validity.
    begin, end = (_time(*each) for each in _elements(fields[3][1]))
    return Validity(begin, end)


def _elements(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Tag and content of each element of a sequence."""
    at = 0
    while at < len(data):
        tag, length = data[at], data[at + 1]
        at += 2
        if length & 0x80:
            size = length & 0x7F
            length = int.from_bytes(data[at : at + size])
            at += size
        if at + length > len(data):
            raise ValueError("an element cut short")
        yield tag, data[at : at + length]
        at += length


def _time(tag: int, content: bytes) -> datetime:
    text = content.decode("ascii")
    if tag == _UTC_TIME:
        # Years with two digits are those from 1950 to 2049.
        text = ("19" if text[:2] >= "50" else "20") + text
    elif tag != _GENERALIZED_TIME:
        raise ValueError("no time")
    return datetime.strptime(text, "%Y%m%d%H%M%SZ").replace(tzinfo=UTC)
