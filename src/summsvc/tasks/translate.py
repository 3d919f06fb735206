"""The translation of an article: read, run through models, check, put back."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass, field

from summsvc.articles.article import Article, Field
from summsvc.articles.document import Document, Segment
from summsvc.articles.language import normalize_code
from summsvc.articles.render import Renderer
from summsvc.errors import UnsupportedPairError
from summsvc.scheduling.work import Priority
from summsvc.tasks.chain import Chain, pivot_warning
from summsvc.tasks.decoding import DecodingRequest
from summsvc.tasks.reading import TextWorkers
from summsvc.tasks.repair import Repaired, repair, translatable, warnings_of
from summsvc.tasks.results import (
    Stats,
    TranslatedSegment,
    Translation,
    TranslationFinished,
    TranslationStarted,
)
from summsvc.tasks.router import Router
from summsvc.tasks.terms import Terms

BULK_SEGMENTS = 64
"""An article of more segments than this waits behind shorter ones."""


@dataclass(frozen=True, slots=True)
class TranslationRequest:
    """What a caller asks for.

    target: BCP-47 code. model: id, or "". glossary: (source, target) terms.
    deadline: ``loop.time()`` seconds, or None. bulk: True for batch calls.
    """

    article: Article
    target: str
    model: str = ""
    do_not_translate: tuple[str, ...] = ()
    glossary: tuple[tuple[str, str], ...] = ()
    keep_boilerplate: bool = False
    decoding: DecodingRequest = field(default_factory=DecodingRequest)
    use_cache: bool = True
    deadline: float | None = None
    bulk: bool = False


Event = TranslationStarted | TranslatedSegment | TranslationFinished


class Translator:
    """Translates articles with the models of a router."""

    def __init__(self, workers: TextWorkers, router: Router) -> None:
        self._workers = workers
        self._router = router

    async def translate(self, request: TranslationRequest) -> Translation:
        """Translate an article whole; raises as ``stream``."""
        async with aclosing(self.stream(request)) as events:
            received = [event async for event in events]
        started, *segments, finished = received
        assert isinstance(started, TranslationStarted)
        assert isinstance(finished, TranslationFinished)
        parts: dict[Field, list[str]] = {Field.TITLE: [], Field.BODY: []}
        translated = []
        for event in segments:
            assert isinstance(event, TranslatedSegment)
            translated.append(event)
            parts[event.segment.field] += [event.separator, event.text]
        return Translation(
            title="".join([*parts[Field.TITLE], finished.title_separator]),
            body="".join([*parts[Field.BODY], finished.separator]),
            started=started,
            finished=finished,
            segments=tuple(translated),
        )

    async def stream(self, request: TranslationRequest) -> AsyncGenerator[Event, None]:
        """Yield one start, each segment as it and all before it are done, one finish.

        Raises InvalidInputError, ModelUnavailableError, NotReadyError,
        OverloadedError, DeadlineError or EngineError. Closing the generator
        stops the work.
        """
        begun = time.perf_counter()
        target = normalize_code(request.target, field="target_language_code")
        document = await self._workers.read(
            request.article, keep_boilerplate=request.keep_boilerplate
        )
        stats = Stats(segmentation_s=time.perf_counter() - begun, segments=len(document.segments))
        chain = await self._chain(request, document, target)
        warnings = [*document.warnings, *pivot_warning(chain)]
        yield TranslationStarted(
            document.language, target, stats.segments, chain.models, tuple(warnings)
        )
        terms = Terms.of(request.do_not_translate, request.glossary, document.language.code)
        renderer = Renderer(document)
        outputs = self._segments(chain, document, target, terms)
        async with aclosing(outputs):
            async for index, repaired in outputs:
                segment = document.segments[index]
                translated = _placed(renderer, index, segment, repaired)
                warnings += translated.warnings
                yield translated
        stats.add(chain.stats)
        stats.total_s = time.perf_counter() - begun
        closing = renderer.finish()
        yield TranslationFinished(
            separator=closing.body,
            title_separator=closing.title,
            warnings=tuple(warnings),
            stats=stats,
        )

    async def _chain(self, request: TranslationRequest, document: Document, target: str) -> Chain:
        source = document.language.code
        if source == target:
            raise UnsupportedPairError(
                f"the article is already in '{target}'; ask for another target language",
                field="target_language_code",
                metadata={"source": source, "target": target},
            )
        legs = await self._router.translation(source, target, request.model)
        bulk = request.bulk or len(document.segments) > BULK_SEGMENTS
        return Chain(
            legs,
            self._workers,
            decoding=request.decoding,
            priority=Priority.BULK if bulk else Priority.INTERACTIVE,
            deadline=request.deadline,
            use_cache=request.use_cache,
        )

    async def _segments(
        self, chain: Chain, document: Document, target: str, terms: Terms
    ) -> AsyncGenerator[tuple[int, Repaired], None]:
        """Yield every segment's checked output in order; repairs overlap the next ones."""
        segments = document.segments
        chosen = [i for i, segment in enumerate(segments) if translatable(segment, terms)]
        repairs: dict[int, asyncio.Task[Repaired]] = {}
        ready: asyncio.Queue[int | None] = asyncio.Queue()

        async def first_pass() -> None:
            async with aclosing(chain.run([segments[i].text for i in chosen])) as outputs:
                at = 0
                async for output in outputs:
                    index = chosen[at]
                    repairs[index] = asyncio.create_task(
                        repair(chain, segments[index], output, target, terms)
                    )
                    ready.put_nowait(index)
                    at += 1

        producer = asyncio.create_task(first_pass())
        producer.add_done_callback(lambda _: ready.put_nowait(None))
        try:
            following = 0
            while (index := await ready.get()) is not None:
                for kept in range(following, index):
                    yield kept, Repaired.unchanged(segments[kept])
                yield index, await repairs.pop(index)
                following = index + 1
            await producer
            for kept in range(following, len(segments)):
                yield kept, Repaired.unchanged(segments[kept])
        finally:
            for task in (producer, *repairs.values()):
                task.cancel()
            await asyncio.gather(producer, *repairs.values(), return_exceptions=True)


def _placed(
    renderer: Renderer, index: int, segment: Segment, repaired: Repaired
) -> TranslatedSegment:
    placed = renderer.place(index, repaired.text)
    return TranslatedSegment(
        index=index,
        segment=segment,
        text=placed.text,
        separator=placed.separator,
        target_span=placed.target_span,
        score=repaired.score,
        warnings=warnings_of(repaired, segment.field, segment.span),
        terms=repaired.terms,
    )
