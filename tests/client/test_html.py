"""Results as HTML: aligned, complete and escaped."""

from __future__ import annotations

from html.parser import HTMLParser
from typing import Any

import pytest

from summsvc.client import (
    Client,
    SummsvcClientError,
    Translation,
    from_proto,
    html,
)
from summsvc.v1 import article_pb2
from summsvc.v1 import summarization_service_pb2 as summaries
from summsvc.v1 import translation_service_pb2 as translations
from tests.checkpoints.article import ARTICLE
from tests.running import Running

EVIL = "<script>alert('x')</script>\" onload='y' &amp;"


class Reader(HTMLParser):
    """Tags, attributes and cells of a page; fails for a tag that is not closed."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.rows: list[list[str]] = []
        self.text = ""
        self.feed(page)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.open.append(tag)
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}
        if tag == "tr":
            self.rows.append([])
        elif tag in ("td", "th"):
            self.rows[-1].append("")

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data
        if {"td", "th"} & set(self.open):
            self.rows[-1][-1] += data


def warning() -> article_pb2.Warning:
    return article_pb2.Warning(type=article_pb2.WARNING_TYPE_NUMBER_LOST, message=EVIL)


def hostile() -> list[Any]:
    """Results in which every text is an attack."""
    language = article_pb2.Language(code=EVIL, confidence=0.5, identified=True)
    use = article_pb2.ModelUse(model=EVIL)
    segment = translations.TranslatedSegment(source_text=EVIL, text=EVIL, warnings=[warning()])
    shared: dict[str, Any] = {"language": language, "models": [use], "warnings": [warning()]}
    plain = translations.TranslateResponse(
        title=EVIL, body=EVIL, target_language_code=EVIL, **shared
    )
    aligned = translations.TranslateResponse(
        body=EVIL, segments=[segment], target_language_code=EVIL, **shared
    )
    sentence = summaries.SummarySentence(text=EVIL, warnings=[warning()])
    summary = summaries.SummarizeResponse(
        summary=EVIL, sentences=[sentence], summary_language_code=EVIL, **shared
    )
    return [
        from_proto.translation(plain),
        from_proto.translation(aligned),
        from_proto.summary(summary),
    ]


@pytest.mark.parametrize("result", hostile(), ids=["translation", "segments", "summary"])
def test_every_text_is_escaped(result: Any) -> None:
    page = Reader(result._repr_html_())
    assert EVIL in page.text
    assert not page.tags & {"script", "style", "img", "link", "iframe"}
    assert not any(name.startswith("on") for name in page.attributes)
    assert not {"src", "href"} & page.attributes


def test_a_batch_is_escaped_and_has_errors_in_their_places() -> None:
    page = Reader(html.batch([*hostile(), SummsvcClientError(EVIL)]))
    assert len(page.rows) == 5
    assert all(EVIL[:20] in row[1] for row in page.rows[1:])
    assert "script" not in page.tags


def test_a_long_result_is_shortened_in_a_batch() -> None:
    reply = from_proto.summary(summaries.SummarizeResponse(summary="x" * 1_000))
    page = Reader(html.batch([reply]))
    assert len(page.rows[1][1]) == html.MAX_BEGINNING


def test_segments_are_beside_their_translations(server: Running) -> None:
    source, _, target = ARTICLE[1]
    with Client(server.address) as client:
        reply = client.translate(source, "lt", include_segments=True)
    page = Reader(reply._repr_html_())
    assert page.rows[0][:2] == ["en", "lt"]
    assert page.rows[1][:2] == [source, target]
    assert len(page.rows) == len(reply.segments) + 1


def test_a_summary_has_its_sentences_with_places(bare_server: Running, seed: str) -> None:
    with Client(bare_server.address) as client:
        reply = client.summarize(seed, max_sentences=3)
    page = Reader(reply._repr_html_())
    assert [row[0] for row in page.rows[1:]] == [sentence.text for sentence in reply.sentences]
    assert page.rows[1][1] == "239 to 337"
    assert f"{len(reply.warnings)} warnings" in page.text


def test_a_translation_without_segments_shows_its_text() -> None:
    reply: Translation = from_proto.translation(
        translations.TranslateResponse(title="Antraštė", body="Viens.\n\nDu.")
    )
    page = Reader(reply._repr_html_())
    assert "Antraštė" in page.text
    assert "Viens.\n\nDu." in page.text
