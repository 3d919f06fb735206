"""Closed-loop clients in a separate process: each sends a text after each response.

    python -m bench.serve.clients < plan.json

Reads a ``Plan`` from standard input and writes ``Done`` to standard output, both
as JSON. Each client has a channel of its own, like a client on another machine.
"""

from __future__ import annotations

import asyncio
import dataclasses
import itertools
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import grpc

from bench import plans
from summsvc.v1 import article_pb2, translation_service_pb2_grpc
from summsvc.v1 import translation_service_pb2 as pb


@dataclass(frozen=True)
class Plan:
    """A closed-loop load.

    addresses: of the servers, among which the clients are divided. clients: number of
    concurrent clients. beams: beam size. stream: whether to call StreamTranslate.
    seconds: no call starts later; the texts are repeated until then. 0: each text once.
    """

    addresses: list[str]
    bodies: list[str]
    clients: int
    beams: int = 1
    stream: bool = False
    seconds: float = 0.0


@dataclass(frozen=True)
class Call:
    """One call. begun, first, ended: seconds on the machine's monotonic clock.

    first: when the first segment came, or the response if it is not streamed. code:
    name of the gRPC status. retried: segments that the server translated again.
    queue_ms: as in the response.
    """

    begun: float
    first: float
    ended: float
    code: str = "OK"
    segments: int = 0
    output_tokens: int = 0
    queue_ms: float = 0.0
    retried: int = 0


@dataclass(frozen=True)
class Done:
    """All calls of a plan, and the clients' CPU seconds for them."""

    calls: list[Call]
    cpu_s: float


def start(plan: Plan) -> subprocess.Popen[str]:
    """Start a plan in another process."""
    return plans.start("bench.serve.clients", plan)


def finish(process: subprocess.Popen[str]) -> Done:
    """Wait for a plan that was started, and return its calls."""
    done = plans.finish(process)
    return Done([Call(**call) for call in done["calls"]], done["cpu_s"])


def run(plan: Plan) -> Done:
    """Run a plan in another process."""
    return finish(start(plan))


async def send(plan: Plan) -> Done:
    """Run a plan in this process."""
    cpu = time.process_time()
    bodies = _until(time.monotonic() + plan.seconds, plan.bodies)
    bodies = bodies if plan.seconds else iter(plan.bodies)
    calls: list[Call] = []
    addresses = itertools.islice(itertools.cycle(plan.addresses), plan.clients)
    await asyncio.gather(*(_client(address, plan, bodies, calls) for address in addresses))
    return Done(calls, time.process_time() - cpu)


def _until(end: float, bodies: list[str]) -> Iterator[str]:
    for body in itertools.cycle(bodies):
        if time.monotonic() > end:
            return
        yield body


async def _client(address: str, plan: Plan, bodies: Iterator[str], calls: list[Call]) -> None:
    # Without this option, channels to the same address share a connection.
    options = [("grpc.use_local_subchannel_pool", 1)]
    async with grpc.aio.insecure_channel(address, options=options) as channel:
        stub: Any = translation_service_pb2_grpc.TranslationServiceStub(channel)
        await channel.channel_ready()
        for body in bodies:
            request = pb.TranslateRequest(
                article=article_pb2.Article(body=body, language_code="en"),
                target_language_code="ru",
                decoding=article_pb2.DecodingOptions(beam_size=plan.beams),
                bypass_cache=True,
            )
            calls.append(await one(stub, request, stream=plan.stream))


async def one(stub: Any, request: pb.TranslateRequest, *, stream: bool = False) -> Call:
    """Send one request and return the call."""
    begun = time.monotonic()
    first: float | None = None
    answer: Any = None
    try:
        if stream:
            async for event in stub.StreamTranslate(pb.StreamTranslateRequest(request=request)):
                if event.HasField("segment") and first is None:
                    first = time.monotonic()
                answer = event.finished
        else:
            answer = await stub.Translate(request)
    except grpc.aio.AioRpcError as error:
        ended = time.monotonic()
        return Call(begun, ended, ended, error.code().name)
    ended = time.monotonic()
    return Call(
        begun,
        first or ended,
        ended,
        segments=answer.stats.segments,
        output_tokens=answer.stats.output_tokens,
        queue_ms=answer.stats.queue_ms,
        retried=sum(w.type == article_pb2.WARNING_TYPE_RETRIED for w in answer.warnings),
    )


if __name__ == "__main__":
    plan = Plan(**json.load(sys.stdin))
    json.dump(dataclasses.asdict(asyncio.run(send(plan))), sys.stdout)
