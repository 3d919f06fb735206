"""What a request's models make of its segments, checked and repaired, in order."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing

from summsvc.articles.document import Segment
from summsvc.tasks.chain import Chain
from summsvc.tasks.repair import Repaired, answers, cancel, check_all
from summsvc.tasks.terms import Found

AHEAD = 4
"""Groups of outputs that are checked and repaired while the first of them is awaited."""


async def outputs_of(
    chain: Chain,
    segments: Sequence[Segment],
    target: str,
    found: Sequence[Sequence[Found]],
    together: int,
) -> AsyncGenerator[list[Repaired], None]:
    """Yield every segment's checked output, those done together as a list.

    found: the terms of each segment. together: outputs that are waited for before some
    are yielded. Repairs overlap the outputs that follow. Raises what ``Chain.run`` raises.
    """
    texts = [segment.text for segment in segments]
    if len(texts) <= together:
        # They come all at once: no repair could overlap what is still computed.
        if texts:
            outputs = await chain.run_all(texts)
            yield await answers(await check_all(chain, segments, outputs, target, found))
        return
    ready: asyncio.Queue[list[Repaired | asyncio.Task[Repaired]] | None] = asyncio.Queue()
    places = asyncio.Semaphore(AHEAD)
    repairs: set[asyncio.Task[Repaired]] = set()

    async def first_pass() -> None:
        at = 0
        async with aclosing(chain.run(texts, together=together)) as groups:
            async for outputs in groups:
                await places.acquire()
                end = at + len(outputs)
                checked = await check_all(chain, segments[at:end], outputs, target, found[at:end])
                repairs.update(each for each in checked if isinstance(each, asyncio.Task))
                ready.put_nowait(checked)
                at = end

    producer = asyncio.create_task(first_pass())
    producer.add_done_callback(lambda _: ready.put_nowait(None))
    try:
        while (checked := await ready.get()) is not None:
            known: list[Repaired] = []
            for each in checked:
                if isinstance(each, asyncio.Task):
                    if known and not each.done():
                        yield known
                        known = []
                    known.append(await each)
                    repairs.discard(each)
                else:
                    known.append(each)
            yield known
            places.release()
        await producer
    finally:
        await cancel((producer, *repairs))
