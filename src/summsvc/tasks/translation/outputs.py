"""What a request's models make of its segments, checked and repaired, in order."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass

from summsvc.articles.document import Segment
from summsvc.tasks.pipeline.pipeline import Pipeline, Submitted
from summsvc.tasks.translation.glossary import Found
from summsvc.tasks.translation.retry import CheckedOutput, look, repair

AHEAD = 4
"""Groups of outputs that are checked and repaired while the first of them is awaited."""


@dataclass(frozen=True, slots=True)
class _Group:
    """Answers that are known, and those that follow, from the first that needs repair."""

    known: list[CheckedOutput]
    rest: asyncio.Task[list[CheckedOutput]] | None


async def outputs_of(
    pipeline: Pipeline,
    submitted: Submitted,
    segments: Sequence[Segment],
    target: str,
    found: Sequence[Sequence[Found]],
    min_group: int,
) -> AsyncGenerator[list[CheckedOutput], None]:
    """Yield every segment's checked output, those done together as a list.

    submitted: the segments' texts. found: the terms of each segment. together: outputs that
    are waited for before some are yielded. Repairs overlap the outputs that follow. Raises
    what ``Pipeline.run`` raises.
    """
    if len(segments) <= min_group:
        # They come all at once: no repair could overlap what is still computed.
        async with aclosing(pipeline.run(submitted, min_group=min_group)) as groups:
            outputs = [output async for known in groups for output in known]
        if outputs:
            looked = await look(pipeline, segments, outputs, target, found)
            yield looked.ahead + await repair(pipeline, looked, target)
        return
    ready: asyncio.Queue[_Group | None] = asyncio.Queue()
    places = asyncio.Semaphore(AHEAD)
    repairs: set[asyncio.Task[list[CheckedOutput]]] = set()

    async def first_pass() -> None:
        at = 0
        async with aclosing(pipeline.run(submitted, min_group=min_group)) as groups:
            async for outputs in groups:
                await places.acquire()
                end = at + len(outputs)
                looked = await look(pipeline, segments[at:end], outputs, target, found[at:end])
                rest = None
                if looked.cases:
                    rest = asyncio.create_task(repair(pipeline, looked, target))
                    repairs.add(rest)
                ready.put_nowait(_Group(looked.ahead, rest))
                at = end

    producer = asyncio.create_task(first_pass())
    producer.add_done_callback(lambda _: ready.put_nowait(None))
    try:
        while (group := await ready.get()) is not None:
            known = group.known
            if group.rest is not None:
                if known and not group.rest.done():
                    yield known
                    known = []
                known = known + await group.rest
                repairs.discard(group.rest)
            yield known
            places.release()
        await producer
    finally:
        await _cancel(producer, *repairs)


async def _cancel(*tasks: asyncio.Task[None] | asyncio.Task[list[CheckedOutput]]) -> None:
    """Cancel tasks and wait until they have ended."""
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
