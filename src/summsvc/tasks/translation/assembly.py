"""Translated segments in their places in the article, and those left as they are."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence

from summsvc.articles.document import Segment
from summsvc.articles.renderer import Renderer
from summsvc.interruption import checked, checkpoint
from summsvc.tasks.pipeline.usage import (
    TranslatedSegment,
    Translation,
    TranslationFinished,
    TranslationStarted,
)
from summsvc.tasks.translation.retry import CheckedOutput, warnings_of
from summsvc.types import Field

GROUP = 512
"""Segments with nothing to translate that are put in their places at a time."""


async def with_the_unchanged(
    segments: Sequence[Segment], chosen: Sequence[int], done: AsyncIterator[list[CheckedOutput]]
) -> AsyncIterator[tuple[Sequence[Segment], list[CheckedOutput]]]:
    """All segments in order, a part at a time, with outputs; those not chosen stay as they are."""
    following = at = 0
    async for outputs in done:
        places = chosen[at : at + len(outputs)]
        at += len(outputs)
        part = segments[following : places[-1] + 1]
        known = dict(zip(places, outputs, strict=True))
        yield (
            part,
            [
                known.get(i) or CheckedOutput.unchanged(segment)
                for i, segment in enumerate(part, following)
            ],
        )
        following += len(part)
    for start in range(following, len(segments), GROUP):
        part = segments[start : start + GROUP]
        yield part, list(map(CheckedOutput.unchanged, part))


def placed(
    renderer: Renderer, first: int, segments: Sequence[Segment], outputs: Sequence[CheckedOutput]
) -> list[TranslatedSegment]:
    """Segments with their outputs, from number ``first`` on, in their places."""
    done = []
    for index, (segment, repaired) in enumerate(zip(segments, outputs, strict=True), first):
        checkpoint()
        place = renderer.place(index, repaired.text)
        done.append(
            TranslatedSegment(
                index=index,
                segment=segment,
                text=place.text,
                separator=place.separator,
                target_span=place.target_span,
                score=repaired.score,
                warnings=warnings_of(repaired, segment.field, segment.span),
                terms=repaired.terms,
            )
        )
    return done


def whole(
    started: TranslationStarted, segments: list[TranslatedSegment], finished: TranslationFinished
) -> Translation:
    """An article's translation, of what a stream of it yields."""
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
