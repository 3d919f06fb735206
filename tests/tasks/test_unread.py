"""What is known of a long article before it is read."""

from __future__ import annotations

from pathlib import Path

import pytest

from summsvc.articles.article import Article, MimeType
from summsvc.articles.read import read
from summsvc.engines.base import Placement
from summsvc.engines.load import load
from summsvc.errors import LanguageUnknownError
from summsvc.models.store import Store
from summsvc.tasks import unread
from summsvc.tasks.reading import LONG

SENTENCE = "Nobody was hurt in the city, said the president.  \n"


def article(language: str = "en", kind: MimeType = MimeType.PLAIN) -> Article:
    return Article("", SENTENCE * (LONG // len(SENTENCE) + 1), language, kind)


def test_only_of_a_long_one_with_its_language_named_is_the_model_known() -> None:
    assert unread.language(article("EN")) == "en"
    assert unread.language(article("")) == ""
    assert unread.language(Article("", SENTENCE, "en")) == ""
    with pytest.raises(LanguageUnknownError):
        unread.language(article("no such"))


def test_no_text_has_fewer_tokens_than_are_counted_unread(model_dir: Path) -> None:
    engine = load(Store(model_dir).spec("opus-en-ru"), Placement())
    try:
        segments = [segment.text for segment in read(article()).segments]
        assert 1 < unread.least_tokens(article()) <= sum(engine.count_tokens(segments, "en", "ru"))
    finally:
        engine.close()


@pytest.mark.parametrize("kind", [MimeType.HTML, MimeType.MARKDOWN])
def test_where_markup_may_be_most_of_it_one_token_is_certain(kind: MimeType) -> None:
    assert unread.least_tokens(article(kind=kind)) == 1
    assert unread.least_tokens(Article("", " \n" * LONG)) == 1
