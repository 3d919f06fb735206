"""The HTTP server of the page: TLS, connections, shutdown, and what stops it from starting."""

from __future__ import annotations

import shutil
import socket
import ssl
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import httpx2
import pytest
from structlog.testing import capture_logs

from summsvc.config import Settings, SettingsError
from summsvc.server.security import reloading
from summsvc.server.web import endpoint
from tests.running import Running, running
from tests.server.authority import Authority
from tests.server.watched import eventually


def settings(folder: Path, **given: object) -> Settings:
    values = {"port": 0, "metrics_port": -1, "web": "127.0.0.1:0", "model_dir": folder}
    return Settings.model_validate(values | given)


@pytest.fixture
def plain(tmp_path: Path) -> Iterator[Running]:
    with running(settings(tmp_path)) as server:
        yield server


def connect(server: Running) -> socket.socket:
    return socket.create_connection(("127.0.0.1", server.server.web_port), timeout=60)


def ask(connection: socket.socket) -> bytes:
    """Make a request on an open connection; return the response, which ends with a brace."""
    connection.sendall(b"GET /server.json HTTP/1.1\r\nHost: localhost\r\n\r\n")
    received = b""
    while not received.endswith(b"}"):
        part = connection.recv(65_536)
        assert part, received
        received += part
    return received


def test_the_page_is_off_by_default(tmp_path: Path) -> None:
    with running(settings(tmp_path, web="")) as server:
        assert server.server.web_port == -1
        assert server.server.web_url == ""


def test_new_connections_have_the_certificate_that_was_loaded_last(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reloading, "FILE_POLL_S", 0.02)
    authority = Authority(tmp_path / "authority")
    cert, key, ca = (tmp_path / name for name in ("cert.pem", "key.pem", "ca.pem"))
    authority.sign("first").put(cert, key)
    shutil.copyfile(authority.cert, ca)
    second = authority.sign("second")
    context = ssl.create_default_context(cafile=ca)

    def serial() -> str:
        port = server.server.web_port
        with (
            socket.create_connection(("127.0.0.1", port), timeout=60) as plain,
            context.wrap_socket(plain, server_hostname="127.0.0.1") as secure,
        ):
            found = secure.getpeercert()
            assert found is not None
            return str(found["serialNumber"])

    with running(settings(tmp_path, tls_cert=cert, tls_key=key)) as server:
        assert server.server.web_url.startswith("https://127.0.0.1:")
        with httpx2.Client(base_url=server.server.web_url, verify=context) as client:
            assert client.get("/").status_code == 200
            assert client.post("/api/GetServerInfo", json={}).status_code == 200
        first = serial()
        second.put(cert, key)
        eventually(lambda: serial() != first)


def test_a_client_without_the_certificate_that_is_asked_for_is_refused(tmp_path: Path) -> None:
    authority = Authority(tmp_path / "authority")
    own, other = authority.sign("server"), authority.sign("client")
    given = {"tls_cert": own.cert, "tls_key": own.key, "tls_client_ca": authority.cert}
    with running(settings(tmp_path, **given)) as server:
        context = ssl.create_default_context(cafile=authority.cert)
        with (
            httpx2.Client(base_url=server.server.web_url, verify=context) as client,
            pytest.raises(httpx2.TransportError),
        ):
            client.get("/")
        context.load_cert_chain(other.cert, other.key)
        with httpx2.Client(base_url=server.server.web_url, verify=context) as client:
            assert client.get("/").status_code == 200


def test_plain_text_is_warned_about(tmp_path: Path) -> None:
    tokens = tmp_path / "tokens.txt"
    tokens.write_text("a token\n")
    with capture_logs() as logs, running(settings(tmp_path, web="0.0.0.0:0", token_file=tokens)):
        pass
    found = [each["event"] for each in logs if each.get("host") == "0.0.0.0"]
    assert found == ["texts are sent unencrypted", "tokens are sent unencrypted"]


def test_a_port_in_use_is_an_error(plain: Running, tmp_path: Path) -> None:
    taken = settings(tmp_path, web=f"127.0.0.1:{plain.server.web_port}")
    with pytest.raises(OSError, match="cannot listen on 127"), running(taken):
        pass


def test_the_extra_is_named_when_its_packages_are_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "uvicorn", None)
    monkeypatch.delitem(sys.modules, "summsvc.server.web.endpoint")
    with pytest.raises(SettingsError, match=r"summsvc\[web\]"), running(settings(tmp_path)):
        pass


def test_a_head_that_does_not_arrive_is_not_waited_for(
    plain: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(endpoint, "HEAD_S", 0.1)
    with connect(plain) as silent:
        assert silent.recv(1) == b""
    with connect(plain) as slow:
        slow.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n")
        assert slow.recv(1) == b""
    with connect(plain) as second:
        assert ask(second).startswith(b"HTTP/1.1 200 ")
        second.sendall(b"GET /server.json HTTP/1.1\r\n")
        assert second.recv(65_536) == b""


def test_connections_above_the_bound_are_closed(
    plain: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(endpoint, "MAX_CONNECTIONS", 1)
    with connect(plain) as first:
        assert ask(first).startswith(b"HTTP/1.1 200 ")
        # The connection is closed, or reset before the client reads.
        with connect(plain) as other, suppress(ConnectionResetError):
            assert other.recv(1) == b""
        assert ask(first).startswith(b"HTTP/1.1 200 ")


def test_an_idle_connection_does_not_delay_the_shutdown(tmp_path: Path) -> None:
    with running(settings(tmp_path)) as server, connect(server) as idle:
        assert ask(idle).startswith(b"HTTP/1.1 200 ")
        server.stop()
        assert idle.recv(1) == b""
        with pytest.raises(ConnectionRefusedError):
            connect(server)
