"""Streamed assembly of a translated article: checks outputs and renders them in article order.

Retries of a group of segments run while the model translates later groups.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from typing import Generic, TypeVar

from summsvc.articles.document import Segment
from summsvc.articles.renderer import Renderer
from summsvc.interruption import checked, checkpoint
from summsvc.tasks.pipeline.pipeline import Pipeline
from summsvc.tasks.pipeline.stage import Submitted
from summsvc.tasks.pipeline.text_workers import work_size
from summsvc.tasks.translation.checking import (
    CheckedGroup,
    CheckedOutput,
    Chunk,
    Selected,
    warnings_of,
)
from summsvc.tasks.translation.letter_case import UsualForms
from summsvc.tasks.translation.types import (
    TranslatedSegment,
    Translation,
    TranslationFinished,
    TranslationStarted,
)
from summsvc.types import Field

MAX_GROUPS_AHEAD = 4
"""Groups of outputs that are checked and retried while the first of them is not complete."""

UNCHANGED_GROUP = 512
"""Most segments without anything to translate that are placed in one call."""

T = TypeVar("T")


class Assembly:
    """Renders the segments of a document in order, translated and unchanged ones.

    chosen: indexes of the segments that are translated.
    """

    def __init__(
        self, renderer: Renderer, segments: Sequence[Segment], chosen: Sequence[int]
    ) -> None:
        self._renderer = renderer
        self._segments = segments
        self._chosen = chosen
        self._next_chosen = 0
        self._next = 0

    def place(self, outputs: Sequence[CheckedOutput]) -> list[TranslatedSegment]:
        """Place the outputs of the next chosen segments, and all segments before them."""
        places = self._chosen[self._next_chosen : self._next_chosen + len(outputs)]
        self._next_chosen += len(outputs)
        end = places[-1] + 1 if places else self._next
        return self._place_until(end, dict(zip(places, outputs, strict=True)))

    @property
    def unchanged_work(self) -> int:
        """Work size of the next ``place_unchanged``; 0 when all segments are placed."""
        part = self._segments[self._next : self._next + UNCHANGED_GROUP]
        return work_size([segment.text for segment in part])

    def place_unchanged(self) -> list[TranslatedSegment]:
        """Place the next segments after the last chosen one, at most UNCHANGED_GROUP."""
        return self._place_until(min(self._next + UNCHANGED_GROUP, len(self._segments)), {})

    def _place_until(self, end: int, outputs: dict[int, CheckedOutput]) -> list[TranslatedSegment]:
        placed: list[TranslatedSegment] = []
        for index in range(self._next, end):
            segment = self._segments[index]
            placed.append(
                place_segment(
                    self._renderer,
                    index,
                    segment,
                    outputs.get(index) or CheckedOutput.unchanged(segment),
                )
            )
        self._next = end
        return placed


def place_segment(
    renderer: Renderer, index: int, segment: Segment, output: CheckedOutput
) -> TranslatedSegment:
    """Place the output of segment ``index``; called once for each segment, in order."""
    checkpoint()
    place = renderer.place(index, output.text, output.alignment)
    return TranslatedSegment(
        index=index,
        segment=segment,
        text=place.text,
        separator=place.separator,
        target_span=place.target_span,
        score=output.score,
        warnings=warnings_of(output, segment.field, segment.span) if output.issues else (),
        terms=output.terms,
    )


async def translated_groups(
    pipeline: Pipeline,
    submitted: Submitted,
    selected: Sequence[Selected],
    target: str,
    min_group: int,
    place: Callable[[Sequence[CheckedOutput]], list[T]],
) -> AsyncGenerator[list[T], None]:
    """Yield what ``place`` returns for the checked outputs of all segments, in order.

    submitted: the texts of the selected segments. min_group: outputs to wait for before a
    group is yielded. place: called in a worker, for outputs in order. Retries of a group
    overlap the outputs that follow. Raises what ``Pipeline.run`` raises.
    """
    order = _InOrder(place)
    usual = UsualForms([each.segment.text for each in selected])
    if len(selected) <= min_group:
        # All outputs come at once: nothing is left that a retry could overlap.
        async with aclosing(pipeline.run(submitted, min_group=min_group)) as groups:
            outputs = [output async for known in groups for output in known]
        if outputs:
            whole = CheckedGroup(pipeline, 0, selected, target, order.place, usual)
            await whole.check(outputs)
            await whole.complete()
            yield (whole.ahead.results or []) + (whole.rest.results or [])
        return
    ready: asyncio.Queue[CheckedGroup[T] | None] = asyncio.Queue()
    places = asyncio.Semaphore(MAX_GROUPS_AHEAD)
    completions: dict[CheckedGroup[T], asyncio.Task[None]] = {}

    async def produce() -> None:
        start = 0
        async with aclosing(pipeline.run(submitted, min_group=min_group)) as groups:
            async for outputs in groups:
                await places.acquire()
                part = selected[start : start + len(outputs)]
                group = CheckedGroup(pipeline, start, part, target, order.place, usual)
                await group.check(outputs)
                if not group.done:
                    completions[group] = asyncio.create_task(group.complete())
                ready.put_nowait(group)
                start += len(outputs)

    async def placed(group: CheckedGroup[T], chunk: Chunk[T]) -> list[T]:
        """The results of a chunk that is next in order."""
        if chunk.results is None:
            await pipeline.workers.offload(group.work, order.place_chunk, chunk)
        assert chunk.results is not None
        return chunk.results

    producer = asyncio.create_task(produce())
    producer.add_done_callback(lambda _: ready.put_nowait(None))
    try:
        while (group := await ready.get()) is not None:
            known = await placed(group, group.ahead)
            completion = completions.get(group)
            if completion is not None:
                if known and not completion.done():
                    yield known
                    known = []
                await completion
                del completions[group]
            known = known + await placed(group, group.rest)
            if known:
                yield known
            places.release()
        await producer
    finally:
        await _cancel(producer, *completions.values())


class _InOrder(Generic[T]):
    """Calls ``place`` for outputs in order, in any thread; those out of order have to wait."""

    def __init__(self, place: Callable[[Sequence[CheckedOutput]], list[T]]) -> None:
        self._place = place
        self._next = 0

    def place(self, start: int, outputs: Sequence[CheckedOutput]) -> list[T] | None:
        """Place outputs if all before ``start`` are placed, else return None."""
        if not outputs:
            return []
        if start != self._next:
            return None
        results = self._place(outputs)
        # Last: from here on another thread may place what follows.
        self._next += len(outputs)
        return results

    def place_chunk(self, chunk: Chunk[T]) -> None:
        """Place a chunk that had to wait."""
        chunk.results = self.place(chunk.start, chunk.outputs)


async def _cancel(*tasks: asyncio.Task[None]) -> None:
    """Cancel tasks and wait until they have ended."""
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def whole_translation(
    started: TranslationStarted, segments: list[TranslatedSegment], finished: TranslationFinished
) -> Translation:
    """The translation of an article, from the elements of a streamed one."""
    parts: dict[Field, list[str]] = {Field.TITLE: [], Field.BODY: []}
    for each in checked(segments):
        parts[each.segment.field] += [each.separator, each.text]
    return Translation(
        title="".join([*parts[Field.TITLE], finished.title_separator]),
        body="".join([*parts[Field.BODY], finished.separator]),
        started=started,
        finished=finished,
        segments=tuple(segments),
    )
