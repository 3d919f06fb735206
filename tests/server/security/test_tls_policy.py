"""TLS versions and cipher suites that the gRPC port and the metrics port accept."""

from __future__ import annotations

import os
import re
import socket
import ssl
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest

from summsvc.config import Settings, SettingsError, load_settings
from summsvc.server.transport.listener import reachable_address
from tests.running import running
from tests.server.authority import Authority, Identity
from tests.server.process import serving
from tests.server.watched import eventually

V = ssl.TLSVersion
AES_128, AES_256 = "ECDHE-ECDSA-AES128-GCM-SHA256", "ECDHE-ECDSA-AES256-GCM-SHA384"
CBC = "ECDHE-ECDSA-AES128-SHA"


@pytest.fixture(scope="module")
def identity(tmp_path_factory: pytest.TempPathFactory) -> Identity:
    return Authority(tmp_path_factory.mktemp("authority")).sign("server")


@contextmanager
def ports(folder: Path, identity: Identity, *flags: str) -> Iterator[list[int]]:
    """Run a server with TLS on both ports; gRPC reads its cipher suites once per process."""
    given = ["--tls-cert", str(identity.cert), "--tls-key", str(identity.key), "--metrics-tls"]
    store = ["--model-dir", str(folder), "--metrics-port", "0"]
    with serving(folder, *given, *store, *flags) as server:
        eventually(lambda: "metrics_port" in server.text())
        found = re.search(r'"metrics_port": (\d+)', server.text())
        assert found is not None
        yield [int(server.address.rpartition(":")[2]), int(found[1])]


def agreed(port: int, version: ssl.TLSVersion, ciphers: str = "ALL") -> tuple[str, str] | None:
    """Version and cipher suite that a client of one version gets; None when it is rejected."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.set_alpn_protocols(["h2"])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        context.maximum_version = version
        context.minimum_version = version
    context.set_ciphers(f"{ciphers}:@SECLEVEL=0")
    with socket.create_connection(("127.0.0.1", port), timeout=60) as plain:
        try:
            with context.wrap_socket(plain) as secure:
                cipher = secure.cipher()
        except (ssl.SSLError, ConnectionError):
            return None
    assert cipher is not None
    return str(cipher[1]), str(cipher[0])


def test_by_default_clients_may_use_tls_1_2_and_1_3(tmp_path: Path, identity: Identity) -> None:
    with ports(tmp_path, identity) as both:
        for port in both:
            assert [agreed(port, each) for each in (V.TLSv1, V.TLSv1_1)] == [None, None]
            assert agreed(port, V.TLSv1_2, AES_128) == ("TLSv1.2", AES_128)
            assert agreed(port, V.TLSv1_2, AES_256) == ("TLSv1.2", AES_256)
            assert agreed(port, V.TLSv1_2, CBC) is None
            assert (agreed(port, V.TLSv1_3) or [""])[0] == "TLSv1.3"


def test_tls_1_2_can_be_rejected(tmp_path: Path, identity: Identity) -> None:
    with ports(tmp_path, identity, "--tls-min-version", "1.3") as both:
        for port in both:
            assert [agreed(port, each) for each in (V.TLSv1, V.TLSv1_1, V.TLSv1_2)] == [None] * 3
            assert (agreed(port, V.TLSv1_3) or [""])[0] == "TLSv1.3"


def test_cipher_suites_that_are_not_listed_are_rejected(tmp_path: Path, identity: Identity) -> None:
    listed = f"{AES_256},ECDHE-ECDSA-CHACHA20-POLY1305"
    with ports(tmp_path, identity, "--tls-ciphers", listed) as both:
        for port in both:
            assert agreed(port, V.TLSv1_2, AES_128) is None
            for name in listed.split(","):
                assert agreed(port, V.TLSv1_2, name) == ("TLSv1.2", name)


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ("AES128-SHA", "is not one of ECDHE-ECDSA-AES128-GCM-SHA256"),
        ("TLS_AES_128_GCM_SHA256", "is of TLS 1.3, whose suites cannot be chosen"),
        (f"{AES_128}:{AES_256}", "is not one of"),
    ],
)
def test_suites_that_cannot_be_chosen_are_rejected(value: str, reason: str) -> None:
    with pytest.raises(SettingsError, match=reason):
        load_settings(environ={"SUMMSVC_TLS_CIPHERS": value})
    assert load_settings(environ={"SUMMSVC_TLS_CIPHERS": ""}).tls_ciphers == ()


def test_suites_of_a_rejected_version_are_rejected() -> None:
    flags = {"tls_ciphers": AES_128, "tls_min_version": "1.3"}
    with pytest.raises(SettingsError, match="which tls_min_version rejects"):
        load_settings(flags=flags, environ={})


def test_a_policy_that_cannot_be_applied_is_rejected(tmp_path: Path, identity: Identity) -> None:
    """The tests' process has used gRPC with TLS before."""
    given: dict[str, Any] = {"port": 0, "metrics_port": -1, "model_dir": tmp_path}
    given |= {"tls_cert": identity.cert, "tls_key": identity.key}
    with running(Settings(**given)) as server:
        assert agreed(server.server.port, V.TLSv1_2) is not None
    with (
        patch.dict(os.environ),
        pytest.raises(SettingsError, match="has used gRPC with TLS before"),
        running(Settings(**given, tls_min_version="1.3")),
    ):
        pass


@pytest.mark.parametrize("host", ["0.0.0.0", "[::]", "127.0.0.1", "localhost"])
async def test_the_address_for_verification_is_of_this_machine(host: str) -> None:
    assert await reachable_address(host) in ("127.0.0.1", "::1")
