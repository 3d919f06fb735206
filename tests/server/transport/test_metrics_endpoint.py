"""The metrics endpoint: TLS, tokens, requests that are not scrapes, and slow clients."""

from __future__ import annotations

import http.client
import shutil
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest

from summsvc.config import Settings, SettingsError, load_settings
from summsvc.server.security import reloading
from summsvc.server.transport import metrics_endpoint
from tests.running import Running, running
from tests.server.authority import Authority, Identity
from tests.server.watched import eventually

TOKEN = "a token of the scraper"
IDLE = 200


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="module")
def identities(authority: Authority) -> list[Identity]:
    return [authority.sign("first"), authority.sign("second")]


@contextmanager
def serving(folder: Path, **settings: Any) -> Iterator[Running]:
    with running(Settings(port=0, metrics_port=0, model_dir=folder, **settings)) as server:
        yield server


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with serving(tmp_path_factory.mktemp("plain")) as server:
        yield server


def connect(server: Running) -> socket.socket:
    return socket.create_connection(("127.0.0.1", server.server.metrics_port), timeout=60)


def get(
    server: Running, headers: dict[str, str] | None = None, method: str = "GET"
) -> tuple[int, bytes]:
    client = http.client.HTTPConnection("127.0.0.1", server.server.metrics_port, timeout=60)
    client.request(method, "/metrics", headers=headers or {})
    reply = client.getresponse()
    return reply.status, reply.read()


def trusting(authority: Path, client: Identity | None = None) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=authority)
    if client is not None:
        context.load_cert_chain(client.cert, client.key)
    return context


def scrape(server: Running, context: ssl.SSLContext) -> int:
    """Scrape over TLS; return the status, 0 when the handshake fails."""
    client = http.client.HTTPSConnection("localhost", server.server.metrics_port, context=context)
    try:
        client.request("GET", "/metrics")
        return client.getresponse().status
    except (ssl.SSLError, ConnectionError):
        return 0
    finally:
        client.close()


def exchange(server: Running, sent: bytes) -> bytes:
    """Send bytes; return all that is received until the connection is closed or reset."""
    received: list[bytes] = []
    with connect(server) as connection, suppress(ConnectionResetError):
        connection.sendall(sent)
        received += iter(lambda: connection.recv(65_536), b"")
    return b"".join(received)


def test_requests_of_scrapers_and_others(plain: Running) -> None:
    status, body = get(plain, {"Accept-Encoding": "identity"})
    assert status == 200
    assert b"summsvc_calls_total" in body
    assert b"process_resident_memory_bytes" in body
    status, packed = get(plain, {"Accept-Encoding": "gzip"})
    assert status == 200
    assert packed.startswith(b"\x1f\x8b")
    assert get(plain, method="POST")[0] == 405
    _, opened = get(plain, {"Accept": "application/openmetrics-text; version=1.0.0"})
    assert opened.endswith(b"# EOF\n")


@pytest.mark.parametrize(
    "sent", [b"\r\n\r\n", b"GET\r\n\r\n", b"\0\xff\r\n\r\n", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"]
)
def test_other_protocols_get_an_error(plain: Running, sent: bytes) -> None:
    assert exchange(plain, sent).startswith(b"HTTP/1.1 400 ")


def test_a_head_over_the_limit_is_not_answered(plain: Running) -> None:
    head = b"GET / HTTP/1.1\r\nX: " + b"x" * metrics_endpoint.MAX_HEAD_BYTES
    assert exchange(plain, head * 2) == b""
    assert get(plain)[0] == 200


def test_a_client_that_is_slow_is_disconnected(plain: Running) -> None:
    with patch.object(metrics_endpoint, "CONNECTION_S", 0.05), connect(plain) as connection:
        connection.sendall(b"GET /metrics HTTP/1.1\r\n")
        assert connection.recv(1) == b""


def test_idle_connections_cost_no_thread_and_do_not_delay_a_scrape(plain: Running) -> None:
    def seconds() -> float:
        started = time.perf_counter()
        assert get(plain)[0] == 200
        return time.perf_counter() - started

    alone = sorted(seconds() for _ in range(20))
    threads = threading.active_count()
    with ExitStack() as stack:
        held = [stack.enter_context(connect(plain)) for _ in range(IDLE)]
        beside = sorted(seconds() for _ in range(20))
        assert threading.active_count() == threads
        # The oldest connections were closed; the newest ones are still open.
        assert held[0].recv(1) == b""
        held[-1].setblocking(False)
        with pytest.raises(BlockingIOError):
            held[-1].recv(1)
    assert beside[0] < 5 * alone[0]


def test_a_token_is_required_when_there_is_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reloading, "FILE_POLL_S", 0.02)
    file = tmp_path / "tokens"
    file.write_text(f"{TOKEN}\n")
    with serving(tmp_path, metrics_token_file=file) as server:
        assert get(server)[0] == 401
        assert get(server, {"Authorization": "Bearer of nothing"})[0] == 401
        assert get(server, {"authorization": f"bearer {TOKEN}"})[0] == 200
        file.write_text("another\n")
        eventually(lambda: get(server, {"Authorization": "Bearer another"})[0] == 200)
        assert get(server, {"Authorization": f"Bearer {TOKEN}"})[0] == 401


def test_an_empty_token_file_is_rejected_by_its_setting(tmp_path: Path) -> None:
    file = tmp_path / "tokens"
    file.touch()
    with (
        pytest.raises(SettingsError, match="metrics_token_file"),
        serving(tmp_path, metrics_token_file=file),
    ):
        pass


def test_tls_needs_a_certificate() -> None:
    with pytest.raises(SettingsError, match="metrics_tls needs tls_cert and tls_key"):
        load_settings(flags={"metrics_tls": "true"}, environ={})


def test_tls_certificates_and_authorities_are_reloaded(
    tmp_path: Path,
    authority: Authority,
    identities: list[Identity],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(reloading, "FILE_POLL_S", 0.02)
    cert, key, ca = (tmp_path / name for name in ("cert", "key", "ca"))
    identities[0].put(cert, key)
    shutil.copyfile(authority.cert, ca)
    files = {"tls_cert": cert, "tls_key": key, "tls_client_ca": ca}
    own, client = authority.cert, identities[1]
    with serving(tmp_path, metrics_tls=True, **files) as server:
        assert scrape(server, trusting(own, client)) == 200
        assert scrape(server, trusting(own)) == 0
        # A connection that sends nothing does not keep others from their handshakes.
        with connect(server):
            assert scrape(server, trusting(own, client)) == 200
        other = Authority(tmp_path / "other", "other")
        stranger = other.sign("stranger")
        assert scrape(server, trusting(own, stranger)) == 0
        shutil.copyfile(other.cert, ca)
        eventually(lambda: scrape(server, trusting(own, stranger)) == 200)
        assert scrape(server, trusting(own, client)) == 0
        stranger.put(cert, key)
        eventually(lambda: scrape(server, trusting(other.cert, stranger)) == 200)
