"""Limits of connections and calls: each one is enforced, and gRPC knows its option."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from unittest.mock import patch

import grpc
import pytest

from summsvc.config import Settings
from summsvc.server.services.models import ModelServicer
from summsvc.server.transport import options
from summsvc.v1 import model_service_pb2 as pb
from summsvc.v1.model_service_pb2_grpc import ModelServiceStub
from tests.running import Running, refusal, running
from tests.server import frames
from tests.server.connection import RawConnection
from tests.server.watched import eventually

INFO = "/summsvc.v1.ModelService/GetServerInfo"
CONNECTIONS = 5

SHORT_S = 0.05


@pytest.fixture
def store(tmp_path: Path) -> Path:
    return tmp_path


@contextmanager
def limited(store: Path, **limits: float) -> Iterator[Running]:
    settings = Settings(port=0, metrics_port=-1, model_dir=store, **limits)  # type: ignore[arg-type]
    with running(settings) as server:
        yield server


@pytest.fixture
def strict(store: Path, request: pytest.FixtureRequest) -> Iterator[Running]:
    """A server with the limits of the test's parameter."""
    with limited(store, **request.param) as server:
        yield server


def last_words(wire: RawConnection) -> list[bytes]:
    """Reasons of the GOAWAY frames until the server closes the connection."""
    return [payload[8:] for kind, _, _, payload in wire.frames() if kind == frames.GOAWAY]


@pytest.mark.parametrize("strict", [{"max_connections": CONNECTIONS}], indirect=True)
def test_connections_over_the_limit_are_closed_until_others_end(strict: Running) -> None:
    port = strict.server.port
    held = [RawConnection(port) for _ in range(CONNECTIONS)]
    for _ in range(3):
        with pytest.raises(ConnectionRefusedError):
            RawConnection(port)
    held.pop().close()

    def accepted() -> bool:
        try:
            held.append(RawConnection(port))
        except ConnectionRefusedError:
            return False
        return True

    eventually(accepted)
    for wire in held:
        wire.close()


@pytest.mark.parametrize("number", [0, 2**31 - 1])
def test_connections_can_be_unlimited(number: int) -> None:
    names = [name for name, _ in options.connection_options(Settings(max_connections=number))]
    assert "grpc.max_allowed_incoming_connections" not in names


@pytest.mark.parametrize("strict", [{"max_handshake_s": SHORT_S}], indirect=True)
def test_a_connection_that_sends_nothing_is_closed(strict: Running) -> None:
    with socket.create_connection(("127.0.0.1", strict.server.port), timeout=60) as silent:
        received = b"".join(iter(lambda: silent.recv(4096), b""))
    assert b"handshake timeout" in received


@pytest.mark.parametrize("strict", [{"max_connection_idle_s": SHORT_S}], indirect=True)
def test_a_connection_without_calls_is_closed(strict: Running) -> None:
    with RawConnection(strict.server.port) as wire:
        assert last_words(wire) == [b"connection idle"]


@pytest.mark.parametrize(
    "strict",
    [{"max_connection_age_s": SHORT_S, "max_connection_age_grace_s": SHORT_S}],
    indirect=True,
)
def test_an_old_connection_is_closed_and_its_client_connects_again(strict: Running) -> None:
    with RawConnection(strict.server.port) as wire:
        wire.open(INFO, range(1))
        assert set(last_words(wire)) == {b"max_age", b"max connection age"}
    with grpc.insecure_channel(strict.address) as channel:
        ask = ModelServiceStub(channel).GetServerInfo
        for _ in range(20):
            ask(pb.GetServerInfoRequest(), timeout=10)
            time.sleep(SHORT_S / 5)


@pytest.mark.parametrize("strict", [{"max_header_bytes": 5_000}], indirect=True)
def test_headers_over_the_limit_are_rejected(strict: Running) -> None:
    with RawConnection(strict.server.port) as wire:
        assert wire.settings[frames.MAX_HEADER_LIST_SIZE] == 5_000
    with grpc.insecure_channel(strict.address) as channel:
        ask = ModelServiceStub(channel).GetServerInfo
        for size in (4_000, 4_999, 6_000, 100_000):
            call = ask.future(pb.GetServerInfoRequest(), metadata=(("x-filler", "x" * size),))
            rejected = size > 4_000
            wanted = grpc.StatusCode.RESOURCE_EXHAUSTED if rejected else grpc.StatusCode.OK
            assert call.code() == wanted, size


def test_clients_may_ping_as_often_as_documented(store: Path) -> None:
    """GRPC ignores options that it does not know, and by default allows a ping in five minutes."""
    with (
        patch.object(options, "MIN_PING_INTERVAL_MS", 1),
        limited(store) as server,
        RawConnection(server.server.port) as wire,
    ):
        received = wire.frames()
        kinds = set[int]()
        for number in range(10):
            wire.send(frames.frame(frames.PING, 0, 0, number.to_bytes(8)))
            for kind, _, _, payload in received:
                kinds.add(kind)
                if kind == frames.PING and payload == number.to_bytes(8):
                    break
            # The server has read the ping; the next one comes later than the interval.
            time.sleep(0.01)
        assert frames.GOAWAY not in kinds


@pytest.mark.parametrize("timeout", [None, 60])
def test_a_call_over_the_time_limit_ends(
    store: Path, monkeypatch: pytest.MonkeyPatch, timeout: float | None
) -> None:
    cancelled = threading.Event()

    async def never(*_: object) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            cancelled.set()

    monkeypatch.setattr(ModelServicer, "GetServerInfo", never)
    with (
        limited(store, max_request_s=SHORT_S) as server,
        grpc.insecure_channel(server.address) as channel,
        pytest.raises(grpc.RpcError) as failed,
    ):
        ModelServiceStub(channel).GetServerInfo(pb.GetServerInfoRequest(), timeout=timeout)
    found = refusal(failed.value)
    assert (found.code, found.reason) == (grpc.StatusCode.DEADLINE_EXCEEDED, "DEADLINE")
    assert found.metadata["limit"] == "0.05"
    assert cancelled.is_set()
