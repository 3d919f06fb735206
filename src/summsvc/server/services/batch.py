"""Concurrent execution of the requests of a batch call, with one result or error per request."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

import structlog

from summsvc.errors import SummsvcError
from summsvc.server.codec.from_proto import prefix_field
from summsvc.server.codec.status import internal_error
from summsvc.tracing import current, set_current

R = TypeVar("R")

BATCH_SLOTS = 16
"""Concurrency slots of one batch. A short article takes one slot; 16 of them fill the models'
batches."""

BYTES_PER_SLOT = 30_000
"""Bytes of a request for which it takes one more slot. A long article fills the models' batches
by itself, and every request that has started loads the text workers and the event loop."""

MAX_SLOTS_PER_REQUEST = 8
"""Slots of the longest article: while one is read, another one is in the model."""

log = structlog.get_logger("summsvc.calls")


async def answer_all(
    requests: Sequence[bytes], answer: Callable[[bytes], Awaitable[R]]
) -> list[R | SummsvcError]:
    """Answer all requests; return results and errors in the order of the requests.

    Requests start in this order as slots become free. An error affects its own request
    only. Cancelling the call cancels all requests that have no answer yet.

    requests: encoded requests. answer: computes the reply to one of them.
    """
    free = asyncio.Semaphore(BATCH_SLOTS)

    async def answer_one(index: int, request: bytes, slots: int) -> R | SummsvcError:
        span = current().child("request", index=index)
        set_current(span)
        try:
            with span:
                return await answer(request)
        except SummsvcError as error:
            return prefix_field(error, f"requests[{index}]")
        except Exception:
            log.exception("failed", item=index)
            return internal_error()
        finally:
            for _ in range(slots):
                free.release()

    tasks = []
    async with asyncio.TaskGroup() as group:
        for index, request in enumerate(requests):
            slots = min(1 + len(request) // BYTES_PER_SLOT, MAX_SLOTS_PER_REQUEST)
            for _ in range(slots):
                await free.acquire()
            tasks.append(group.create_task(answer_one(index, request, slots)))
    return [task.result() for task in tasks]
