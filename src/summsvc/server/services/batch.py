"""Several requests in one call: each with an outcome of its own."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

import structlog

from summsvc.errors import SummsvcError
from summsvc.server.codec.from_proto import under

R = TypeVar("R")

PLACES = 16
"""Places of one batch. A short article takes one: so many fill the models' batches."""

BYTES_PER_PLACE = 30_000
"""Bytes of a request for which it takes one more. A long article fills the models' batches
alone, and the threads and the event loop work on all that are begun."""

MOST_PLACES = 8
"""Places of the longest article: while one is read, another is in the model."""

log = structlog.get_logger("summsvc.calls")


async def each(
    requests: Sequence[bytes], answer: Callable[[bytes], Awaitable[R]]
) -> list[R | SummsvcError]:
    """Answer every request; results and errors in the order of the requests.

    They are begun in that order, as places are free. An error concerns its own request
    alone. When the call is cancelled, so is everything not yet answered.
    """
    free = asyncio.Semaphore(PLACES)

    async def one(index: int, request: bytes, places: int) -> R | SummsvcError:
        try:
            return await answer(request)
        except SummsvcError as error:
            return under(error, f"requests[{index}]")
        except Exception:
            log.exception("failed", item=index)
            return SummsvcError("the service failed on this request; its log says why")
        finally:
            for _ in range(places):
                free.release()

    tasks = []
    async with asyncio.TaskGroup() as group:
        for index, request in enumerate(requests):
            places = min(1 + len(request) // BYTES_PER_PLACE, MOST_PLACES)
            for _ in range(places):
                await free.acquire()
            tasks.append(group.create_task(one(index, request, places)))
    return [task.result() for task in tasks]
