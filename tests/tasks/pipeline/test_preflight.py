"""Preflight: the bounds of a long article's tokens, and its rejection."""

from __future__ import annotations

from pathlib import Path
from unittest.mock import patch

import pytest

from summsvc.articles.reader import read
from summsvc.engines.base import Placement
from summsvc.engines.load import load
from summsvc.errors import LanguageUnknownError, OverloadedError
from summsvc.models.store.store import Store
from summsvc.scheduling.fairness.callers import ANONYMOUS
from summsvc.scheduling.jobs import Priority
from summsvc.tasks.pipeline import preflight
from summsvc.tasks.pipeline.preflight import LONG_ARTICLE
from summsvc.types import Article, MimeType
from tests.scheduling.reversing import ReversingEngine, scheduler

SENTENCE = "Nobody was hurt in the city, said the president.  \n"


def article(language: str = "en", kind: MimeType = MimeType.PLAIN) -> Article:
    return Article("", SENTENCE * (LONG_ARTICLE // len(SENTENCE) + 1), language, kind)


def test_preflight_needs_a_long_article_with_its_language() -> None:
    assert preflight.language(article("EN")) == "en"
    assert preflight.language(article("")) == ""
    assert preflight.language(Article("", SENTENCE, "en")) == ""
    with pytest.raises(LanguageUnknownError):
        preflight.language(article("no such"))


def test_the_lower_bound_of_tokens_holds_for_a_model(model_dir: Path) -> None:
    engine = load(Store(model_dir).spec("opus-en-ru"), Placement())
    try:
        segments = [segment.text for segment in read(article()).segments]
        assert (
            1 < preflight.least_tokens(article()) <= sum(engine.count_tokens(segments, "en", "ru"))
        )
    finally:
        engine.close()


@pytest.mark.parametrize("kind", [MimeType.HTML, MimeType.MARKDOWN])
def test_the_lower_bound_is_one_token_for_formats_with_markup(kind: MimeType) -> None:
    assert preflight.least_tokens(article(kind=kind)) == 1


@pytest.mark.parametrize("figures", ["12 345,67 – 89 €;\n", " \n", "²½ ٣ ๓ 〇\n"])
def test_the_lower_bound_is_zero_without_letters(figures: str) -> None:
    assert preflight.least_tokens(Article("", figures * LONG_ARTICLE)) == 0
    assert preflight.least_tokens(Article("", figures * LONG_ARTICLE + "Done.")) == 1


@pytest.mark.parametrize(
    ("kind", "share"), [(MimeType.PLAIN, 1), (MimeType.MARKDOWN, 1), (MimeType.HTML, 4)]
)
async def test_the_retry_delay_of_a_long_article_is_for_all_its_tokens(
    kind: MimeType, share: int
) -> None:
    queue = scheduler(ReversingEngine(), max_tokens=10_000)
    queue._admission.measured(tokens=100, seconds=1.0)
    queue._coming_tokens = 10_000
    queue._queue.held.change(ANONYMOUS, requests=5, tokens=10_000)
    book = article(kind=kind)
    likely = len(book.body) // preflight.USUAL_TOKEN // share
    try:
        with patch.object(type(queue._queue), "__len__", lambda _: 5):
            for use_cache in (True, False):
                with pytest.raises(OverloadedError) as caught:
                    preflight.check(queue, book, Priority.BULK, None, use_cache=use_cache)
                rate = queue._admission.tokens_per_s
                assert rate is not None
                assert caught.value.retry_after == pytest.approx(likely / rate)
    finally:
        await queue.close()
