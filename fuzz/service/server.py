"""Mutated messages to every method of a server process over a real port.

The server is one process with the models of a store; the messages go over several connections as
bytes. An answer is a finding if its status is INTERNAL or UNKNOWN, or DEADLINE_EXCEEDED after
``PATIENCE_S``; so is a server that has died, does not answer a valid request at the end, or has
more than ``MAX_GROWTH_MB`` more memory than after the first requests.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from random import Random

import grpc

from fuzz.results import Run
from fuzz.service import messages, wire
from tests.process_memory import resident_mb

NAME = "service"
CONNECTIONS = 4
WORKERS = 8
PATIENCE_S = 60.0
"""Seconds for one call. What mutated messages ask for is a second of work at most; eight calls
share one model with each other and, on a shared machine, with other processes."""

WARM_UP = 200
MAX_GROWTH_MB = 400
BAD = (grpc.StatusCode.INTERNAL, grpc.StatusCode.UNKNOWN, grpc.StatusCode.DEADLINE_EXCEEDED)

SERVICES = {
    "TranslationService": ("Translate", "BatchTranslate", "StreamTranslate"),
    "SummarizationService": ("Summarize", "BatchSummarize"),
    "ModelService": ("ListModels", "GetServerInfo"),
}
METHODS = [
    *(f"/summsvc.v1.{service}/{name}" for service, names in SERVICES.items() for name in names),
    "/grpc.health.v1.Health/Check",
    "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo",
    "/summsvc.v1.TranslationService/NoSuchMethod",
]


class AnswerError(Exception):
    """An answer that no message may have."""


class Server:
    """A server process. model_dir: the store with its models."""

    def __init__(self, process: subprocess.Popen[str], address: str) -> None:
        self.process = process
        self.address = address

    @property
    def resident_mb(self) -> float:
        """Memory of the process that is in use."""
        return resident_mb(self.process.pid)


@contextmanager
def serving(model_dir: Path) -> Iterator[Server]:
    """Run ``summsvc serve`` during the block; its log is in a temporary file."""
    start = "from summsvc.cli import main; main()"
    command = [sys.executable, "-c", start, "serve", "--port", "0", "--metrics-port", "-1"]
    with tempfile.TemporaryFile("w+") as log:
        process = subprocess.Popen(
            [*command, "--model-dir", str(model_dir), "--preload", "all"],
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
        )
        try:
            assert process.stdout is not None
            address = process.stdout.readline().removeprefix("listening on ").strip()
            if not address:
                log.seek(0)
                raise RuntimeError(f"the server has not started: {log.read()[-2000:]}")
            yield Server(process, address)
            assert process.poll() is None, "the server has ended"
        finally:
            process.kill()
            process.communicate()


def call(channel: grpc.Channel, method: str, data: bytes) -> grpc.StatusCode:
    """Send bytes to a method and return the status; raises AnswerError for one of ``BAD``."""
    name = method.rpartition("/")[2]
    try:
        # Bytes are sent and received as they are.
        if name == "ServerReflectionInfo":
            list(channel.stream_stream(method, None, None)(iter([data]), timeout=PATIENCE_S))
        elif name == "StreamTranslate":
            list(channel.unary_stream(method, None, None)(data, timeout=PATIENCE_S))
        else:
            channel.unary_unary(method, None, None)(data, timeout=PATIENCE_S)
    except grpc.RpcError as error:
        code: grpc.StatusCode = error.code()
        if code in BAD:
            raise AnswerError(f"{name} has answered {code.name}: {error.details()}") from None
        return code
    return grpc.StatusCode.OK


def mutations(random: Random) -> Iterator[tuple[str, bytes]]:
    """Yield methods and messages without end; some messages are for another method."""
    known = [message.SerializeToString() for message in messages.requests()]
    own = {
        "/summsvc.v1.TranslationService/Translate": known[:2],
        "/summsvc.v1.SummarizationService/Summarize": known[2:4],
        "/summsvc.v1.TranslationService/BatchTranslate": known[4:5],
        "/summsvc.v1.SummarizationService/BatchSummarize": known[5:6],
        "/summsvc.v1.TranslationService/StreamTranslate": known[6:7],
    }
    while True:
        method = random.choice(METHODS)
        data = random.choice(own.get(method, known) if random.random() < 0.9 else known)
        for _ in range(random.choice((0, 1, 1, 1, 2, 4))):
            data = wire.mutated(data, random, 1_000_000)
        if random.random() < 0.002:
            data = _many(random)
        yield method, data


def _many(random: Random) -> bytes:
    """An enormous repeated field within the size limit of a message."""
    number = random.choice((1, 5, 6))
    value = random.choice((b"", b"\x0a\x00", b"\x0a\x01a", b"Riga", b"\xff"))
    field = wire.encoded([(number, 2, value)])
    return field * (random.choice((10_000, 1_000_000, 7_900_000)) // len(field))


def fuzz(model_dir: Path, executions: int, seconds: float, seed: int, run: Run) -> Counter[str]:
    """Send mutated messages until either limit; return the number of answers by status."""
    answers: Counter[str] = Counter()
    with serving(model_dir) as server:
        channels = [
            grpc.insecure_channel(server.address, [("grpc.use_local_subchannel_pool", 1)])
            for _ in range(CONNECTIONS)
        ]
        made = mutations(Random(seed))
        with ThreadPoolExecutor(WORKERS) as threads:
            # The models are loaded at the start; the first calls wait for them.
            _send(threads, channels, made, WARM_UP, run, answers)
            before = server.resident_mb
            while run.executions < executions and run.seconds < seconds:
                _send(threads, channels, made, WARM_UP, run, answers)
                run.save()
        valid = messages.requests()[0].SerializeToString()
        assert call(channels[0], METHODS[0], valid) is grpc.StatusCode.OK, "no answer at the end"
        grown = server.resident_mb - before
        if grown > MAX_GROWTH_MB:
            run.report(b"", AnswerError(f"the server has grown by {grown:.0f} MB"))
        for channel in channels:
            channel.close()
    run.save(now=True)
    return answers


def _send(
    threads: ThreadPoolExecutor,
    channels: list[grpc.Channel],
    made: Iterator[tuple[str, bytes]],
    count: int,
    run: Run,
    answers: Counter[str],
) -> None:
    """Send some messages at the same time, and wait for all answers."""

    def send(number: int, method: str, data: bytes) -> Callable[[], None]:
        try:
            code = call(channels[number % CONNECTIONS], method, data)
        except AnswerError as error:
            found = error
            return lambda: run.report(f"{method}\n".encode() + data, found)
        return lambda: answers.update([code.name])

    sent = [threads.submit(send, number, *next(made)) for number in range(count)]
    for each in sent:
        each.result()()
        run.executions += 1
