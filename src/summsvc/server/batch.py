"""Several requests in one call: each with an outcome of its own."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

import structlog

from summsvc.errors import SummsvcError
from summsvc.server.requests import under

Q = TypeVar("Q")
R = TypeVar("R")

CONCURRENCY = 16
"""Articles of one batch worked on at once; enough to fill the models' batches."""

log = structlog.get_logger("summsvc.calls")


async def each(
    requests: Sequence[Q], answer: Callable[[Q], Awaitable[R]]
) -> list[R | SummsvcError]:
    """Answer every request; results and errors in the order of the requests.

    An error concerns its own request alone. When the call is cancelled, so is
    everything not yet answered.
    """
    places = asyncio.Semaphore(CONCURRENCY)

    async def one(index: int, request: Q) -> R | SummsvcError:
        async with places:
            try:
                return await answer(request)
            except SummsvcError as error:
                return under(error, f"requests[{index}]")
            except Exception:
                log.exception("failed", item=index)
                return SummsvcError("the service failed on this request; its log says why")

    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(one(i, request)) for i, request in enumerate(requests)]
    return [task.result() for task in tasks]
