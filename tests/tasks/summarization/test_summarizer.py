"""Summarizer: methods, fallback and translated summaries, through a pivot language too."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest
from prometheus_client import CollectorRegistry

from summsvc.config import Settings
from summsvc.engines.base import LanguageTokens, ModelSpec, Placement, Seq2SeqEngine, Task
from summsvc.errors import DeadlineError, EngineStalledError, OverloadedError, UnsupportedPairError
from summsvc.models.catalog import Catalog
from summsvc.models.routes import Routes
from summsvc.models.store.manifest import Manifest
from summsvc.models.store.store import Store
from summsvc.scheduling.admission.admission import QueueLimits
from summsvc.scheduling.jobs import JobHandle
from summsvc.scheduling.pool.pool import ModelPool
from summsvc.tasks.pipeline import text_workers
from summsvc.tasks.pipeline.preflight import LONG_ARTICLE
from summsvc.tasks.pipeline.router import Router
from summsvc.tasks.pipeline.text_workers import TextWorkers
from summsvc.tasks.pipeline.usage import ModelUse
from summsvc.tasks.summarization.summarizer import Summarizer
from summsvc.tasks.summarization.types import LengthRequest, Method, Summary, SummaryRequest
from summsvc.types import Article, Span, WarningType
from tests.scheduling.reversing import ReversingEngine, reversed_words, work
from tests.tasks.keeping import KeepingEngine, keep

MODELS = {"writer": ("ru", "ru"), "first": ("ru", "en"), "second": ("en", "lt")}
BODY = (
    "Президент встретился с мэром в Риге в пятницу. Никто не пострадал. "
    "Из тюрьмы в Вильнюсе освобождены 15 человек. Завтра будет дождь."
)


class Shelf(Store):
    """A store with its manifests in memory."""

    def __init__(self) -> None:
        super().__init__(Path("/nonexistent"))

    def installed(self) -> list[Manifest]:
        return [
            Manifest(
                id=id,
                task=Task.SUMMARIZATION if pair[0] == pair[1] else Task.TRANSLATION,
                architecture="none",
                pairs=(pair,),
                language_tokens=LanguageTokens.NONE,
                files={},
            )
            for id, pair in MODELS.items()
        ]

    def ids(self) -> list[str]:
        return sorted(MODELS)

    def get(self, id: str) -> Manifest | None:
        return next((each for each in self.installed() if each.id == id), None)

    def spec(self, id: str) -> ModelSpec:
        manifest = self.get(id)
        assert manifest is not None
        return manifest.spec(self.root)


class Loader:
    """The summarization model keeps sentences with a digit; the others reverse the words."""

    def __init__(self) -> None:
        self.writer = KeepingEngine(keep(1))

    def __call__(self, spec: ModelSpec, placed: Placement, engine: str) -> Seq2SeqEngine:
        assert placed.workers >= 1
        assert engine == "auto"
        if spec.task is Task.TRANSLATION:
            return ReversingEngine(spec.id)
        self.writer.spec = spec
        return self.writer


@asynccontextmanager
async def summarizing(loader: Loader) -> AsyncIterator[Summarizer]:
    store = Shelf()
    pool = ModelPool(store, Settings(), registry=CollectorRegistry(), load=loader)
    workers = TextWorkers(1, max_title=200, max_body=2000)
    routes = Routes(Catalog({}), store, pivot="en", defaults={})
    try:
        yield Summarizer(workers, Router(routes, pool), max_sentences=10)
    finally:
        await pool.close()
        workers.close()


async def summary(method: Method, target: str, loader: Loader | None = None) -> Summary:
    request = SummaryRequest(
        Article("", BODY, "ru"), LengthRequest(max_sentences=1), method=method, target=target
    )
    async with summarizing(loader or Loader()) as summarizer:
        return await summarizer.summarize(request)


@pytest.mark.parametrize("method", [Method.EXTRACTIVE, Method.ABSTRACTIVE, Method.AUTO])
async def test_a_summary_through_a_pivot_has_a_warning(method: Method) -> None:
    direct = await summary(method, "")
    there = await summary(method, "en")
    further = await summary(method, "lt")
    own = (
        ModelUse("extractive", "extractive", "", "ru", "ru")
        if method is Method.EXTRACTIVE
        else ModelUse("writer", "keeping", "", "ru", "ru")
    )
    first = ModelUse("first", "reversing", "1", "ru", "en")
    second = ModelUse("second", "reversing", "1", "en", "lt")
    assert direct.models == (own,)
    assert there.models == (own, first)
    assert further.models == (own, first, second)
    assert [each.target for each in (direct, there, further)] == ["ru", "en", "lt"]
    assert [each.language.code for each in (direct, there, further)] == ["ru"] * 3
    # The engine prefixes its output with its languages.
    assert there.text.startswith("ru>en")
    assert there.text.endswith(reversed_words(direct.text))
    assert further.text.startswith("en>lt")
    assert direct.text in further.text
    pivots = [warning for warning in further.warnings if warning.type is WarningType.PIVOT]
    assert [warning.message for warning in pivots] == [
        "no model from 'ru' to 'lt' is installed; the text went through 'en'"
    ]
    assert WarningType.PIVOT not in {warning.type for warning in there.warnings}
    (sentence,) = further.sentences
    if method is Method.EXTRACTIVE:
        assert sentence.span is not None
        assert BODY[sentence.span.start : sentence.span.end] == sentence.source == direct.text
    else:
        assert "15" in direct.text
        assert (sentence.span, sentence.source) == (None, "")


async def test_sentences_in_the_target_language_stay() -> None:
    english = "The mayor met the president in Riga on Friday, and they spoke for an hour."
    article = Article("", f"{BODY}\n\n{english}", "ru")
    request = SummaryRequest(
        article, LengthRequest(max_sentences=5), method=Method.EXTRACTIVE, target="en"
    )
    async with summarizing(Loader()) as summarizer:
        result = await summarizer.summarize(request)
    assert result.sentences[-1].text == english
    assert all(each.text.startswith("ru>en") for each in result.sentences[:-1])


async def test_a_pair_without_a_model_is_rejected_before_the_summary() -> None:
    loader = Loader()
    with pytest.raises(UnsupportedPairError, match="from 'ru' to 'de'"):
        await summary(Method.ABSTRACTIVE, "de", loader)
    assert loader.writer.inputs == []


async def test_an_abstractive_summary_is_translated_even_with_a_full_queue() -> None:
    async with summarizing(Loader()) as summarizer:
        (stage,) = await summarizer._router.translation("ru", "en", "")
        stage.scheduler._admission.limits = QueueLimits(1, 1_000_000)
        engine = cast(ReversingEngine, stage.scheduler.engine)
        engine.hold()
        waiting = list[JobHandle]()
        while not len(stage.scheduler._queue):
            waiting.append(stage.scheduler.submit(work([f"слово {len(waiting)}"])))
            await asyncio.sleep(0.01)
        request = SummaryRequest(Article("", BODY, "ru"), target="en")
        with pytest.raises(OverloadedError):
            await summarizer.summarize(replace(request, method=Method.EXTRACTIVE))
        writing = summarizer.summarize(replace(request, method=Method.ABSTRACTIVE))
        written = asyncio.create_task(writing)
        for _ in range(1000):
            if len(stage.scheduler._queue) > 1 or written.done():
                break
            await asyncio.sleep(0.01)
        engine.release()
        assert (await written).text.startswith("ru>en")
        for each in waiting:
            await each.wait()


async def test_an_unsupported_claim_has_no_span_after_translation() -> None:
    loader = Loader()
    loader.writer = KeepingEngine(lambda _, __: "Освобождены 77 человек.")
    direct = await summary(Method.ABSTRACTIVE, "", loader)
    loader = Loader()
    loader.writer = KeepingEngine(lambda _, __: "Освобождены 77 человек.")
    moved = await summary(Method.ABSTRACTIVE, "lt", loader)
    claims = [
        [each for each in said.warnings if each.type is WarningType.UNSUPPORTED_CLAIM]
        for said in (direct, moved)
    ]
    assert [(each.message, each.output_span) for each in claims[0]] == [
        ("“77” is not in the article", Span(12, 14))
    ]
    assert [(each.message, each.output_span) for each in claims[1]] == [
        ("“77” is not in the article; it is in the summary before its translation", None)
    ]


async def test_a_long_article_that_cannot_be_summarized_in_time_is_not_read(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def never(*_: Any, **__: Any) -> Any:
        raise AssertionError("was read")

    async with summarizing(Loader()) as summarizer:
        scheduler = await summarizer._router.summarizer("ru", "")
        scheduler._admission.expect(tokens=10, seconds=1)
        long_article = Article("", BODY * (LONG_ARTICLE // len(BODY) + 1), "ru")
        wanted = SummaryRequest(
            long_article,
            method=Method.ABSTRACTIVE,
            use_cache=False,
            deadline=asyncio.get_running_loop().time() + 40,
        )
        monkeypatch.setattr(text_workers, "read", never)
        with pytest.raises(DeadlineError):
            await summarizer.summarize(wanted)
        # The cache may have the outputs; a request without a language, or for an
        # extractive summary, does not use this model.
        for other in (
            replace(wanted, use_cache=True),
            replace(wanted, article=replace(long_article, language="")),
            replace(wanted, method=Method.EXTRACTIVE),
        ):
            with pytest.raises(AssertionError, match="was read"):
                await summarizer.summarize(other)


async def test_auto_falls_back_to_extractive_with_a_warning_when_the_model_hangs(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def summarizer(*_: object, **__: object) -> None:
        raise EngineStalledError("model 'writer' stopped answering")

    monkeypatch.setattr(Router, "summarizer", summarizer)
    done = await summary(Method.AUTO, "")
    assert done.models == (ModelUse("extractive", "extractive", "", "ru", "ru"),)
    (warning,) = [each for each in done.warnings if each.type is WarningType.MODEL_BROKEN]
    assert "stopped answering" in warning.message
    with pytest.raises(EngineStalledError):
        await summary(Method.ABSTRACTIVE, "")
