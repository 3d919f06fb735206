"""Streams without a request: their number, their timeout, and no objects left behind."""

from __future__ import annotations

import asyncio
import gc
import struct
from collections import Counter
from collections.abc import Iterator
from unittest.mock import patch

import grpc
import pytest
from grpc_health.v1 import health_pb2

from summsvc.config import Settings
from summsvc.server.transport import message_reader
from summsvc.v1 import model_service_pb2 as pb
from summsvc.v1.model_service_pb2_grpc import ModelServiceStub
from tests.running import Running, running
from tests.server import frames
from tests.server.connection import RawConnection
from tests.server.watched import eventually

LIMIT = 20
CALL_OBJECTS = ("RPCState", "_ServicerContext", "Timeout")
SUMMARIZE = "/summsvc.v1.SummarizationService/Summarize"
METHODS = (
    SUMMARIZE,
    "/summsvc.v1.TranslationService/StreamTranslate",
    "/grpc.health.v1.Health/Check",
    "/grpc.health.v1.Health/Watch",
    "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo",
    "/nobody.Offers/This",
)


@pytest.fixture(scope="module")
def strict(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A server with a low limit of streams per connection."""
    empty = tmp_path_factory.mktemp("none")
    settings = Settings(port=0, metrics_port=-1, model_dir=empty, max_streams_per_connection=LIMIT)
    with running(settings) as server:
        yield server


def waiting(server: Running) -> int:
    """Number of streams without a request so far."""
    return len(server.server._message_reader)


def held(server: Running) -> Counter[str]:
    """Count the server's objects of calls, including those that wait for a new call."""

    async def counted() -> Counter[str]:
        # Frozen objects are not in gc.get_objects().
        gc.unfreeze()
        gc.collect()
        kinds = Counter(type(each).__name__ for each in gc.get_objects())
        names = Counter(each.get_name() for each in asyncio.all_tasks())
        tasks = sum(names[name] for name in names if name.startswith(("rpc_", "Handle")))
        return Counter({name: kinds[name] for name in CALL_OBJECTS} | {"tasks": tasks})

    return asyncio.run_coroutine_threadsafe(counted(), server.loop).result(60)


def all_are_gone(server: Running, before: Counter[str]) -> bool:
    """Whether there are no more objects than before; gRPC keeps the error of the last call."""
    return all(number <= before[name] + 1 for name, number in held(server).items())


def wait_for_ends(wire: RawConnection, calls: int) -> None:
    """Wait until the server has ended this number of calls."""
    for kind, flags, _, _ in wire.frames():
        calls -= kind == frames.HEADERS and bool(flags & frames.END_STREAM)
        if not calls:
            return
    raise AssertionError("the connection has ended")


def test_streams_over_the_limit_are_rejected(strict: Running) -> None:
    with RawConnection(strict.server.port) as wire:
        wire.open(SUMMARIZE, range(10 * LIMIT))
        received = wire.frames()
        refused: list[int] = []
        while len(refused) < 9 * LIMIT:
            kind, _, stream, payload = next(received)
            if kind == frames.RST_STREAM:
                assert payload == struct.pack(">I", frames.REFUSED_STREAM)
                refused.append(stream)
        assert sorted(refused) == [1 + 2 * number for number in range(LIMIT, 10 * LIMIT)]
        eventually(lambda: waiting(strict) == LIMIT)
        assert strict.health() == health_pb2.HealthCheckResponse.SERVING
    eventually(lambda: waiting(strict) == 0)


def test_the_limit_is_in_the_settings_frame_and_in_the_servers_info(strict: Running) -> None:
    with RawConnection(strict.server.port) as wire:
        assert wire.settings[frames.MAX_CONCURRENT_STREAMS] == LIMIT
    with grpc.insecure_channel(strict.address) as channel:
        info = ModelServiceStub(channel).GetServerInfo(pb.GetServerInfoRequest())
    assert info.limits.max_streams_per_connection == LIMIT


def test_a_client_that_keeps_to_the_limit_has_every_call_answered(strict: Running) -> None:
    """By default gRPC also counts calls that have just ended, and rejects such clients."""
    with grpc.insecure_channel(strict.address) as channel:
        ask = ModelServiceStub(channel).GetServerInfo
        for _ in range(3):
            made = [ask.future(pb.GetServerInfoRequest()) for _ in range(50 * LIMIT)]
            assert {call.code() for call in made} == {grpc.StatusCode.OK}


@pytest.mark.parametrize("method", METHODS)
def test_a_call_without_a_request_ends_with_a_timeout(strict: Running, method: str) -> None:
    before, objects = strict.codes(), held(strict)
    with (
        patch.object(strict.server._message_reader, "_seconds", 0.05),
        RawConnection(strict.server.port) as wire,
    ):
        wire.open(method, range(3))
        wait_for_ends(wire, 3)
    assert strict.codes() - before == {"DEADLINE_EXCEEDED": 3}
    eventually(lambda: all_are_gone(strict, objects))


@pytest.mark.parametrize("method", METHODS[:4])
def test_a_call_that_ends_without_a_request_gets_an_error(strict: Running, method: str) -> None:
    before = strict.codes()
    with (
        patch.object(message_reader, "CANCELLATION_WAIT_S", 0.01),
        RawConnection(strict.server.port) as wire,
    ):
        wire.open(method, range(1), frames.END_HEADERS | frames.END_STREAM)
        wait_for_ends(wire, 1)
    assert strict.codes() - before == {"INVALID_ARGUMENT": 1}


def test_the_oldest_of_too_many_calls_without_a_request_is_rejected(strict: Running) -> None:
    before, objects = strict.codes(), held(strict)
    with (
        patch.object(message_reader, "MAX_WAITING_CALLS", 10),
        RawConnection(strict.server.port) as wire,
    ):
        wire.open(SUMMARIZE, range(LIMIT))
        wait_for_ends(wire, LIMIT - 10)
        assert waiting(strict) == 10
        # Other calls are answered meanwhile; this one evicts one more waiting call.
        assert strict.health() == health_pb2.HealthCheckResponse.SERVING
        wait_for_ends(wire, 1)
    assert strict.codes() - before == {"RESOURCE_EXHAUSTED": LIMIT - 9}
    eventually(lambda: all_are_gone(strict, objects))


def test_no_object_is_left_of_streams_on_lost_connections(strict: Running) -> None:
    before, objects = strict.codes(), held(strict)
    for _ in range(5):
        wires = [RawConnection(strict.server.port) for _ in range(5)]
        for wire in wires:
            wire.open(SUMMARIZE, range(2 * LIMIT))
        eventually(lambda: waiting(strict) == 5 * LIMIT)
        for wire in wires:
            wire.close()
        eventually(lambda: waiting(strict) == 0)
        eventually(lambda: all_are_gone(strict, objects))
    assert strict.codes() == before
