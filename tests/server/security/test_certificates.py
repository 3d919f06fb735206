"""Validation errors of certificates, keys and authorities name the setting."""

from __future__ import annotations

import ssl
from datetime import UTC, datetime
from pathlib import Path

import pytest

from summsvc.config import SettingsError
from summsvc.server.security.certificates import (
    Validity,
    validate_client_ca,
    validate_identity,
    validity,
)
from tests.server.authority import EARLY, LATE, LATER, LONG_AGO, Authority


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


def test_the_dates_of_a_certificate(authority: Authority) -> None:
    """Both date formats: from 2050 on, years have four digits."""
    for begin, end in ((EARLY, LONG_AGO), (EARLY, LATE), (LATER, LATE)):
        pem = authority.sign("dated", begin, end).cert.read_text()
        found = validity(ssl.PEM_cert_to_DER_cert(pem))
        written = [f"{each:%Y%m%d%H%M%SZ}" for each in (found.begin, found.end)]
        assert written == [begin, end]


def test_a_good_identity(authority: Authority, tmp_path: Path) -> None:
    identity = authority.sign("good")
    assert validate_identity(identity.cert, identity.key).end.year == 2060
    pipeline = tmp_path / "chain.pem"
    pipeline.write_text("Subject: good\n" + identity.cert.read_text() + authority.cert.read_text())
    assert validate_identity(pipeline, identity.key).end.year == 2060
    validate_client_ca(authority.cert)


def test_a_short_key_is_used_as_grpc_does(authority: Authority) -> None:
    files = ("-keyout", "short.key", "-out", "short.pem", "-subj", "/CN=localhost")
    authority.run("req", "-x509", "-newkey", "rsa:1024", "-nodes", *files)
    validate_identity(authority.cert.with_name("short.pem"), authority.cert.with_name("short.key"))


def test_dates_out_of_range(authority: Authority) -> None:
    identity = authority.sign("expired", EARLY, LONG_AGO)
    with pytest.raises(SettingsError, match=r"tls_cert: .*expired.pem expired on 2020-02-01 00:00"):
        validate_identity(identity.cert, identity.key)
    identity = authority.sign("early", LATER, LATE)
    with pytest.raises(SettingsError, match=r"tls_cert: .*is not valid before 2060-01-01 00:00"):
        validate_identity(identity.cert, identity.key)
    with pytest.raises(SettingsError, match=r"tls_client_ca: .*early.pem is not valid before 2060"):
        validate_client_ca(identity.cert)


def test_a_key_of_another_certificate(authority: Authority, tmp_path: Path) -> None:
    one, other = authority.sign("one"), authority.sign("other")
    with pytest.raises(SettingsError, match=r"tls_key: .*other.key is not the key of tls_cert"):
        validate_identity(one.cert, other.key)
    authority.run("genrsa", "-out", "rsa.key", "2048")
    with pytest.raises(SettingsError, match=r"tls_key: .*rsa.key is not the key of tls_cert"):
        validate_identity(one.cert, authority.cert.with_name("rsa.key"))
    with pytest.raises(SettingsError, match=r"tls_key: .*one.pem has no private key"):
        validate_identity(one.cert, one.cert)
    with pytest.raises(SettingsError, match=r"tls_cert: .*one.key has no certificate"):
        validate_identity(one.key, one.key)
    authority.run("ec", "-in", "one.key", "-aes256", "-passout", "pass:x", "-out", "locked.key")
    with pytest.raises(SettingsError, match=r"tls_key: .*locked.key is encrypted"):
        validate_identity(one.cert, authority.cert.with_name("locked.key"))
    broken = tmp_path / "broken.key"
    broken.write_text("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n")
    with pytest.raises(SettingsError, match=r"tls_cert and tls_key: .*cannot be used"):
        validate_identity(one.cert, broken)


@pytest.mark.parametrize("inside", ["", "AAAA", "MIIB", "no base64", "MAMwAQ=="])
def test_invalid_certificates(authority: Authority, tmp_path: Path, inside: str) -> None:
    junk = tmp_path / "junk.pem"
    junk.write_text(f"-----BEGIN CERTIFICATE-----\n{inside}\n-----END CERTIFICATE-----\n")
    with pytest.raises(SettingsError, match=r"tls_client_ca: certificate 1 of .*cannot be read"):
        validate_client_ca(junk)
    with pytest.raises(SettingsError, match=r"tls_cert: certificate 1 of .*cannot be read"):
        validate_identity(junk, authority.sign("any").key)
    junk.write_text("junk")
    with pytest.raises(SettingsError, match=r"tls_client_ca: .*junk.pem has no certificate"):
        validate_client_ca(junk)
    junk.write_text(authority.cert.read_text() + "-----BEGIN CERTIFICATE-----\n")
    with pytest.raises(SettingsError, match=r"tls_client_ca: .*junk.pem cannot be used"):
        validate_client_ca(junk)


def test_a_bundle_with_expired_authorities(authority: Authority, tmp_path: Path) -> None:
    old = authority.sign("old", EARLY, LONG_AGO).cert.read_text()
    bundle = tmp_path / "bundle.pem"
    bundle.write_text(old + authority.cert.read_text())
    validate_client_ca(bundle)
    bundle.write_text(old + old)
    with pytest.raises(SettingsError, match=r"each certificate of .* is out of date; the last"):
        validate_client_ca(bundle)


def test_the_end_of_the_validity_is_included() -> None:
    moment = datetime(2026, 1, 1, tzinfo=UTC)
    assert Validity(moment, moment).problem_at(moment) == ""
