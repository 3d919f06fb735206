"""The end of a server, step by step, each of them bounded."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Coroutine
from typing import Any

import grpc
import structlog

from summsvc.scheduling.pool.pool import ModelPool
from summsvc.server.runtime.drain import Drain
from summsvc.server.services.health import Health
from summsvc.tasks.pipeline.text_workers import TextWorkers

log = structlog.get_logger("summsvc.server")

TOLD_S = 0.5
"""Seconds in which those that were cut off are told so, and messages on their way arrive and
are refused; a reader that has stopped never takes its answer."""

CLOSE_S = 0.1
"""Seconds in which the transport closes what is left open after that."""

FREE_S = 0.1
"""Seconds that threads have to end when the drain left them no more."""

LOOK_S = 0.02
"""Seconds after which it is asked again whether text work has ended."""


async def drain_and_close(
    transport: grpc.aio.Server,
    *,
    drain: Drain,
    health: Health,
    workers: TextWorkers,
    pool: ModelPool,
    seconds: float,
) -> bool:
    """Refuse new calls, finish accepted ones, end the transport, free what is in memory.

    seconds: given to accepted calls, and to threads that nobody waits for. It takes at
    most ``TOLD_S + CLOSE_S + FREE_S`` more. True when no call was cut off, no
    thread is left at work and every model was freed; what was or is, is logged.
    """
    until = time.monotonic() + seconds
    drain.begin()
    await health.shut_down()
    # At once no more connections and calls are accepted.
    accepted = asyncio.create_task(transport.stop(seconds + TOLD_S + CLOSE_S))
    cut = await drain.wait(until - time.monotonic())
    for call in cut:
        log.warning("call cut off", method=call.method, request_id=call.request_id)
    closed = await ends(transport.stop(TOLD_S), TOLD_S + CLOSE_S)
    if closed:
        await accepted
    else:
        accepted.cancel()
        log.warning("connections left open")
    batches = pool.batches
    left_s = max(FREE_S, until - time.monotonic())
    read, freed = await asyncio.gather(_text_ends(workers, left_s), pool.close(left_s))
    if not (read and freed):
        log.warning("work left running", text_jobs=workers.jobs, batches=0 if freed else batches)
    return not cut and closed and read and freed


async def ends(work: Coroutine[Any, Any, object], seconds: float) -> bool:
    """Whether something ends within so many seconds; it goes on otherwise.

    Unlike ``asyncio.wait_for`` it does not wait for the end of what it cancels.
    """
    task = asyncio.ensure_future(work)
    await asyncio.wait([task], timeout=seconds)
    if not task.done():
        return False
    task.result()
    return True


async def _text_ends(workers: TextWorkers, seconds: float) -> bool:
    until = time.monotonic() + seconds
    while not workers.close():
        if time.monotonic() >= until:
            return False
        await asyncio.sleep(LOOK_S)
    return True
