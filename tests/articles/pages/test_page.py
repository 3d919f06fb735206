"""Whole pages: the article is read, the rest stays where it is."""

from __future__ import annotations

import pytest

from summsvc.articles.document import Document
from summsvc.articles.pages import library
from summsvc.articles.reader import read
from summsvc.types import Article, Field, MimeType, PageExtraction, Span, WarningType
from tests.articles.rendering import render

LEAD = "The harbour of Velda opened again on Monday, after a week of storms and high water."
SECOND = "Forty ships had waited outside, and the first of them brought oranges and timber."
THIRD = "The mayor thanked the crews, who had worked in the cold and the dark for six nights."
TEXT = f"<p>{LEAD}</p><p>{SECOND}</p><p>{THIRD}</p>"
MENU = "<nav><ul><li><a href=/>Home</a><li><a href=/w>World news</a></ul></nav>"
ASIDE = (
    "<aside><h3>Most read</h3><ul><li><a href=/1>A singer sells her house by the lake.</a>"
    "<li><a href=/2>Ten ways to boil an egg that nobody told you about.</a></ul></aside>"
)
FOOTER = "<footer><p>Velda Daily is owned by a foundation that follows a code.</p></footer>"
PAGE = (
    "<!doctype html><html lang=en><head><title>Harbour opens after the storm - Velda Daily</title>"
    f"</head><body>{MENU}<header><p>Velda Daily has news of the coast every morning.</p></header>"
    f"<article><h1>Harbour opens after the storm</h1>{TEXT}</article>{ASIDE}{FOOTER}</body></html>"
)


def page(body: str, *, title: str = "", keep_boilerplate: bool = False) -> Document:
    article = Article(title, body, "en", MimeType.HTML)
    return read(article, keep_boilerplate=keep_boilerplate)


def shown(document: Document) -> list[str]:
    return [segment.text for segment in document.body]


def types(document: Document) -> list[WarningType]:
    return [warning.type for warning in document.warnings]


def test_the_article_of_a_page_is_read_and_nothing_else() -> None:
    document = page(PAGE)
    assert shown(document) == ["Harbour opens after the storm", LEAD, SECOND, THIRD]
    assert document.page is not None
    assert document.page.extraction is PageExtraction.LIBRARY
    assert types(document) == [WarningType.PAGE_FURNITURE_REMOVED]


def test_the_title_of_a_page_is_the_title_of_an_article_without_one() -> None:
    assert [segment.text for segment in page(PAGE).title] == ["Harbour opens after the storm"]
    assert [segment.text for segment in page(PAGE, title="Port").title] == ["Port"]


def test_segments_separators_and_nothing_else_are_the_source() -> None:
    document = page(PAGE)
    spans = [PAGE[segment.span.start : segment.span.end] for segment in document.body]
    first, *rest = document.body_separators
    assert first + "".join(map("".join, zip(spans, rest, strict=True))) == PAGE


def test_a_translated_page_keeps_what_is_around_the_article() -> None:
    document = page(PAGE)
    body = render(document, [segment.text.upper() for segment in document.segments]).body
    for part in (MENU, ASIDE, FOOTER, "every morning."):
        assert part in body
    assert LEAD.upper() in body
    assert LEAD not in body


def test_furniture_is_counted_and_has_its_places() -> None:
    found = page(PAGE).page
    assert found is not None
    assert found.furniture_blocks == 8
    before, after = found.furniture
    assert PAGE[before.start : before.end].endswith("every morning.")
    assert PAGE[after.start :].startswith("Most read")
    assert after == Span(after.start, PAGE.index("</p></footer>"))


def test_a_page_is_kept_whole_on_request() -> None:
    document = page(PAGE, keep_boilerplate=True)
    assert "Home" in shown(document)
    assert document.page is not None
    assert document.page.extraction is PageExtraction.WHOLE
    assert (document.page.furniture, document.warnings, document.title) == ((), (), ())


@pytest.mark.parametrize("fragment", [TEXT, f"<article>{TEXT}</article>", f"<div>{TEXT}</div>"])
def test_a_fragment_is_no_page(fragment: str) -> None:
    document = page(fragment)
    assert document.page is None
    assert shown(document) == [LEAD, SECOND, THIRD]


@pytest.mark.parametrize(
    "body",
    [
        "<html><body><p>A dog barked.</p><p>A cat slept.</p></body></html>",
        "<body><h1>Two facts</h1><div>A dog barked.</div><div>A cat slept.</div></body>",
    ],
)
def test_a_short_page_is_not_cut(body: str) -> None:
    assert shown(page(body))[-2:] == ["A dog barked.", "A cat slept."]


@pytest.mark.parametrize(
    "body",
    [
        f"<html><body>{MENU}<main><h2><a href=/1>Bridge closed for a year</a></h2>"
        "<h2><a href=/2>Eggs are dearer again</a></h2><h2><a href=/3>Rain until Sunday</a></h2>"
        "</main></body></html>",
        "<html><body><main><h1>Log in to read on</h1><p>This article is for subscribers. Please "
        "log in or create an account to read the whole story.</p><form><input type=text>"
        "<input type=password><button>Log in</button></form></main></body></html>",
    ],
    ids=["headlines", "log in"],
)
def test_a_page_without_an_article_is_said_to_be_one(body: str) -> None:
    document = page(body)
    assert WarningType.PAGE_WITHOUT_ARTICLE in types(document)
    assert set(shown(document)) <= {
        segment.text for segment in page(body, keep_boilerplate=True).body
    }


def test_a_caption_is_no_sentence_of_a_summary() -> None:
    caption = "A crane lifts a box of oranges from the first ship."
    document = page(f"{TEXT}<figure><img src=x><figcaption>{caption}</figcaption></figure>")
    kinds = {segment.text: segment.kind.name for segment in document.body}
    assert kinds == dict.fromkeys((LEAD, SECOND, THIRD), "SENTENCE") | {caption: "FRAGMENT"}


def test_a_page_that_is_too_large_for_the_library_is_left_to_the_rules(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(library, "MAX_CODE_POINTS", 100)
    document = page(PAGE)
    assert document.page is not None
    assert document.page.extraction is PageExtraction.RULES
    assert shown(document) == ["Harbour opens after the storm", LEAD, SECOND, THIRD]


def test_comments_that_are_longer_than_the_article_are_left_out() -> None:
    comment = (
        "<div class=comment><p>I do not think that any harbour should be open at night.</p></div>"
    )
    document = page(PAGE.replace("</article>", f"</article><div id=comments>{comment * 9}</div>"))
    assert shown(document)[1:] == [LEAD, SECOND, THIRD]


def test_teasers_of_other_articles_are_left_out() -> None:
    teaser = "<div><h3><a href=/x>Eggs are dearer</a></h3><p>They cost more than ever.</p></div>"
    document = page(PAGE.replace(TEXT, TEXT + teaser * 3))
    assert shown(document)[1:] == [LEAD, SECOND, THIRD]


def test_warnings_refer_to_the_body() -> None:
    assert {warning.field for warning in page(PAGE).warnings} == {Field.BODY}
