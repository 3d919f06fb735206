"""Server processes that are killed under load, and what their clients see."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import time
from collections import Counter
from collections.abc import Mapping

import grpc

from bench.processes.load import serving, wait_until_ready
from bench.processes.results import Kill
from bench.serve import texts
from bench.serve.servers import Process
from summsvc.client.retry_policy import SERVICE_CONFIG
from summsvc.v1 import article_pb2, translation_service_pb2_grpc
from summsvc.v1 import translation_service_pb2 as pb

MODEL = "trained"
FLOW_S = 1.0
"""Seconds of load before each kill and after each recovery."""


def measure(processes: int, clients: int, kills: int) -> Kill:
    """Kill one process after the other; a half of the clients has the retry policy."""
    with serving(MODEL, processes) as server:
        return asyncio.run(_measure(server, processes, clients, kills))


async def _measure(server: Process, processes: int, clients: int, kills: int) -> Kill:
    stopped = asyncio.Event()
    codes: dict[bool, Counter[str]] = {True: Counter(), False: Counter()}
    bodies = texts.bodies(MODEL, "short", 200)
    recoveries = []
    async with asyncio.TaskGroup() as group:
        for number in range(clients):
            retry = number % 2 == 0
            group.create_task(_client(server.address, bodies, codes[retry], stopped, retry=retry))
        for number in range(kills):
            await asyncio.sleep(FLOW_S)
            pid = _pids(server)[number % processes + 1]
            begun = time.monotonic()
            os.kill(pid, signal.SIGKILL)
            while pid in _pids(server).values():  # noqa: ASYNC110
                await asyncio.sleep(0.01)
            await asyncio.to_thread(wait_until_ready, server, MODEL, processes)
            recoveries.append(time.monotonic() - begun)
        await asyncio.sleep(FLOW_S)
        stopped.set()
    return Kill(processes, clients, kills, dict(codes[False]), dict(codes[True]), recoveries)


def _pids(server: Process) -> Mapping[int, int]:
    """The last started process of each number."""
    started = re.findall(r"^.*\"process started\".*$", server.log(), re.M)
    return {line["number"]: line["pid"] for line in map(json.loads, started)}


async def _client(
    address: str, bodies: list[str], codes: Counter[str], stopped: asyncio.Event, *, retry: bool
) -> None:
    """Translate one text after the other, with a connection of its own."""
    options: list[tuple[str, int | str]] = [
        ("grpc.use_local_subchannel_pool", 1),
        ("grpc.initial_reconnect_backoff_ms", 100),
    ]
    if retry:
        options.append(("grpc.service_config", json.dumps(SERVICE_CONFIG)))
    async with grpc.aio.insecure_channel(address, options=options) as channel:
        stub = translation_service_pb2_grpc.TranslationServiceStub(channel)
        while not stopped.is_set():
            article = article_pb2.Article(body=bodies[codes.total() % 200], language_code="en")
            request = pb.TranslateRequest(article=article, target_language_code="ru")
            try:
                await stub.Translate(request, timeout=60)
            except grpc.aio.AioRpcError as error:
                expected = error.code() is grpc.StatusCode.UNAVAILABLE
                name = error.code().name
                codes[name if expected else f"{name}: {error.details()}"] += 1
            else:
                codes["OK"] += 1
