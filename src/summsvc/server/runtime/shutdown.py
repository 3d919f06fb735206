"""Graceful shutdown: drains the calls, closes the transport and frees models, in bounded time.

gRPC can tell its clients to make no more calls only by its own shutdown, which cancels the calls
that arrive before the clients know. So answers are held back until no call arrives, and are sent
while the transport shuts down, see ``ActiveCalls.hold_answers``.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Awaitable, Callable

import grpc
import structlog

from summsvc.scheduling.pool.pool import ModelPool
from summsvc.server.runtime import logs
from summsvc.server.runtime.active_calls import ActiveCalls
from summsvc.server.services.health import ServiceHealth
from summsvc.server.transport.message_reader import MessageReader
from summsvc.tasks.pipeline.text_workers import TextWorkers

log = structlog.get_logger("summsvc.server")

HOLD_S = 1.0
"""Most seconds for which answers are held back until no call arrives; at most half of the drain."""

REJECTION_S = 0.5
"""Seconds to send errors to cancelled calls, and to reject calls that are still arriving; a client
that does not read never receives its error."""

TRANSPORT_CLOSE_S = 0.1
"""Seconds for the transport to close the remaining connections after that."""

THREAD_EXIT_S = 0.1
"""Least time in seconds for threads to end, when the drain has used up its time."""

TRACES_S = 2.0
"""Most seconds of the drain to export the last spans; a collector may not answer."""

WATCHES_S = 2.0
"""Most seconds of the drain in which health watches end; a watcher may not read its status."""

POLL_S = 0.02
"""Seconds between checks whether all calls have their messages, or the text workers have ended."""

LOG_FLUSH_S = 0.1
"""Least time in seconds for the log to be read before the process exits."""


async def drain_and_close(
    transport: grpc.aio.Server,
    *,
    calls: ActiveCalls,
    message_reader: MessageReader,
    health: ServiceHealth,
    workers: TextWorkers,
    pool: ModelPool,
    delay_s: float,
    seconds: float,
) -> bool:
    """Reject new calls, finish accepted calls, close the transport, free models and threads.

    delay_s: time for which health is NOT_SERVING already and new calls are still accepted.
    seconds: time after that for accepted calls, and for threads whose callers have gone. The
        shutdown takes at most ``REJECTION_S + TRANSPORT_CLOSE_S + THREAD_EXIT_S`` longer.
    Returns True when no call was cancelled, no thread is still running and every model was
    freed; otherwise the log has the reason.
    """
    health.announce_shutdown()
    await asyncio.sleep(delay_s)
    until = time.monotonic() + seconds
    await calls.hold_answers(min(HOLD_S, seconds / 2))
    # From here on the transport accepts no connections and calls.
    accepted = asyncio.create_task(transport.stop(seconds + REJECTION_S + TRANSPORT_CLOSE_S))
    await asyncio.sleep(0)  # starts the task
    health.shut_down()
    message_reader.end_waits(calls.draining_error())
    calls.start_drain()
    # Calls are in flight only once their message has arrived, or did not arrive in time.
    await _holds(lambda: not len(message_reader), until)
    cut = await calls.drain(until - time.monotonic())
    for call in cut:
        log.warning("call cut off", method=call.method, request_id=call.request_id)
    await health.wait_for_watches(min(WATCHES_S, max(0.0, until - time.monotonic())))
    closed = await completes_within(transport.stop(REJECTION_S), REJECTION_S + TRANSPORT_CLOSE_S)
    if closed:
        await accepted
    else:
        accepted.cancel()
        log.warning("connections left open")
    batches = pool.batches
    left_s = max(THREAD_EXIT_S, until - time.monotonic())
    ended, freed = await asyncio.gather(
        _holds(workers.close, time.monotonic() + left_s), pool.close(left_s)
    )
    if not (ended and freed):
        log.warning(
            "work left running",
            text_jobs=workers.jobs,
            batches=0 if freed else batches,
            abandoned_engines=pool.abandoned_engines,
        )
    return not cut and closed and ended and freed


async def completes_within(awaitable: Awaitable[object], seconds: float) -> bool:
    """Whether an awaitable completes within ``seconds``; otherwise it continues to run.

    Unlike ``asyncio.wait_for`` this neither cancels it nor waits for its cancellation.
    """
    task = asyncio.ensure_future(awaitable)
    await asyncio.wait([task], timeout=seconds)
    if not task.done():
        return False
    task.result()
    return True


async def _holds(condition: Callable[[], bool], until: float) -> bool:
    """Wait until a condition holds, at most until a time of the monotonic clock."""
    while not condition():
        if time.monotonic() >= until:
            return False
        await asyncio.sleep(POLL_S)
    return True


def exit_process(code: int, log_patience_s: float = 0.0) -> None:
    """Exit this process immediately, whatever its threads do.

    log_patience_s: seconds for the log to be read, if more than ``LOG_FLUSH_S``.
    """
    logs.flush(max(LOG_FLUSH_S, log_patience_s))
    os._exit(code)
