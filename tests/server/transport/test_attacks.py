"""After each attack the server answers as before, and has no more memory than it may have.

The attacks are those of ``bench.attacks``, which measures what they cost other clients.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc

from bench.attacks import bomb, rapid_reset
from bench.attacks.names import ATTACKS
from summsvc.v1 import model_service_pb2 as pb
from summsvc.v1.model_service_pb2_grpc import ModelServiceStub
from tests.process_memory import resident_mb
from tests.server import frames
from tests.server.connection import RawConnection
from tests.server.process import Process, serving

STEPS = {
    "rapid-reset": 100,
    "reset-requests": 20,
    "half-open": 300,
    "slow-senders": 10,
    "slow-readers": 1,
    "settings": 50,
    "pings": 50,
    "empty-data": 50,
    "continuation": 10,
    "dropped": 500,
    "bomb": 1,
}
"""Steps of each attack: 10,000 streams cancelled, 16 MB of continuation frames, 500 dropped
connections, 256 MiB packed by gzip."""

MANY = {"rapid-reset": 250, "continuation": 60, "dropped": 4_000, "half-open": 2_000, "bomb": 20}
"""Steps in the slow test: 25,000 streams, 96 MB, 4,000 dropped connections."""

ATTACK_MB = 150
"""Memory that an attack may add. Connections and calls in their hundreds take some of it, and the
allocator keeps freed memory; an unbounded queue or a bomb takes several times as much."""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Process]:
    folder = tmp_path_factory.mktemp("attacked")
    with serving(folder, "--model-dir", str(folder), "--log-level", "warning") as process:
        yield process


def port(server: Process) -> int:
    return int(server.address.rpartition(":")[2])


def answers(server: Process) -> bool:
    with grpc.insecure_channel(server.address) as channel:
        ModelServiceStub(channel).GetServerInfo(pb.GetServerInfoRequest(), timeout=60)
        check = health_pb2_grpc.HealthStub(channel).Check
        reply = check(health_pb2.HealthCheckRequest(), timeout=60)
    return bool(reply.status == health_pb2.HealthCheckResponse.SERVING)


def attack(server: Process, name: str, steps: int) -> None:
    before = resident_mb(server.process.pid)
    running = ATTACKS[name](port(server))
    for _ in islice(running, steps):
        pass
    assert answers(server)
    running.close()  # type: ignore[attr-defined]  # All are generators.
    assert answers(server)
    assert resident_mb(server.process.pid) - before < ATTACK_MB
    assert server.process.poll() is None


@pytest.mark.parametrize("name", ATTACKS)
def test_the_server_answers_during_and_after_an_attack(server: Process, name: str) -> None:
    attack(server, name, STEPS[name])


@pytest.mark.slow
@pytest.mark.parametrize("name", MANY)
def test_long_attacks(server: Process, name: str) -> None:
    attack(server, name, MANY[name])


@pytest.mark.parametrize("encoding", bomb.WINDOW_BITS)
def test_a_message_is_not_decompressed_beyond_the_limit(server: Process, encoding: str) -> None:
    """The message has 256 MiB after decompression; the limit is 8 MiB."""
    Path(f"/proc/{server.process.pid}/clear_refs").write_text("5")
    before = resident_mb(server.process.pid, peak=True)
    with RawConnection(port(server)) as wire:
        wire.send(frames.headers(1, frames.TRANSLATE, grpc_encoding=encoding))
        received = wire.send_paced(1, frames.message_frames(1, bomb.packed(encoding), 1))
    assert b"Decompressed message larger than max" in received[0][1]
    assert resident_mb(server.process.pid, peak=True) - before < 64


def test_a_message_within_the_limit_may_be_compressed(server: Process) -> None:
    with grpc.insecure_channel(server.address, compression=grpc.Compression.Gzip) as channel:
        ask = ModelServiceStub(channel).GetServerInfo
        assert ask(pb.GetServerInfoRequest(), timeout=60).version


def test_cancelled_streams_count_until_their_calls_have_ended(server: Process) -> None:
    """The server refuses most of many thousand streams that are opened and cancelled."""
    opened = 100 * rapid_reset.STREAMS_PER_STEP
    with RawConnection(port(server)) as wire:
        for stream in range(1, 2 * opened, 2):
            cancel = frames.frame(frames.RST_STREAM, 0, stream, rapid_reset.CANCEL)
            wire.send(frames.headers(stream, frames.TRANSLATE), cancel)
        wire.send(frames.frame(frames.PING, 0, 0, b"all read"))
        refused = 0
        for kind, _, _, payload in wire.frames():
            refused += kind == frames.RST_STREAM and payload[3] == frames.REFUSED_STREAM
            if kind == frames.PING and payload == b"all read":
                break
    assert refused > opened / 2


def test_a_burst_of_calls_on_one_channel_is_answered(server: Process) -> None:
    """Clients hold back the calls above the limit of streams, and none of them is refused."""
    with grpc.insecure_channel(server.address) as channel:
        ask = ModelServiceStub(channel).GetServerInfo
        made = [ask.future(pb.GetServerInfoRequest(), timeout=120) for _ in range(4_000)]
        assert {call.code() for call in made} == {grpc.StatusCode.OK}
