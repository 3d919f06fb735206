"""Short paragraphs and headings among the article's, and sentences under its headline."""

from __future__ import annotations

import pytest

from summsvc.articles.pages import library
from summsvc.articles.pages.outline import Outline
from summsvc.types import SegmentKind
from tests.articles.pages.test_page import FOOTER, LEAD, MENU, SECOND, TEXT, THIRD, page, shown

SHORT = "Nobody was hurt."
HEADING = "Six nights in the cold"
MORE = "The pilots of the port guided each ship past the wreck of the old dredger by lamp light."
STANDFIRST = (
    "Pilots, cooks and one retired diver kept the channel free through six nights of storm, "
    "while the owners of forty ships counted what each day outside the mole had cost them."
)


def document(article: str, before: str = "") -> str:
    main = f"<main><h1>Harbour opens</h1>{before}{article}</main>"
    return f"<html><body>{MENU}{main}{FOOTER}</body></html>"


def without(monkeypatch: pytest.MonkeyPatch, *left_out: str) -> None:
    """Make the library leave out the blocks of these texts."""
    asked = library.main_blocks

    def main_blocks(outline: Outline) -> set[int]:
        found = asked(outline)
        assert found is not None
        return {i for i in found if outline.blocks[i].text not in left_out}

    monkeypatch.setattr(library, "main_blocks", main_blocks)


def paragraphs(*texts: str, name: str = "par") -> str:
    return "".join(f'<div class="{name}"><p>{text}</p></div>' for text in texts)


def test_a_short_paragraph_of_the_shape_of_the_text_is_kept(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    without(monkeypatch, SHORT)
    body = f"<div>{paragraphs(LEAD, SECOND, SHORT, THIRD, MORE)}</div>"
    assert SHORT in shown(page(document(body)))


def test_a_short_paragraph_of_another_shape_is_left_to_the_library(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    without(monkeypatch, SHORT)
    other = paragraphs(SHORT, name="note")
    body = f"<div>{paragraphs(LEAD, SECOND)}{other}{paragraphs(THIRD, MORE)}</div>"
    assert SHORT not in shown(page(document(body)))


def test_a_heading_between_paragraphs_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    without(monkeypatch, HEADING)
    middle = f"<div><p>{LEAD}</p><p>{SECOND}</p><h2>{HEADING}</h2><p>{THIRD}</p></div>"
    assert HEADING in shown(page(document(middle)))
    last = f"<div><p>{LEAD}</p><p>{SECOND}</p><p>{THIRD}</p><h2>{HEADING}</h2></div>"
    assert HEADING not in shown(page(document(last)))


@pytest.mark.parametrize("name", ["lead", "teaser-text", "article-excerpt"])
def test_the_sentence_under_the_headline_is_of_the_article(name: str) -> None:
    before = f'<div class="{name}"><p>{STANDFIRST}</p></div><div class="by">Ann Roe</div>'
    body = f'<div class="article-body">{TEXT}</div>'
    assert STANDFIRST in shown(page(document(body, before)))


def test_a_teaser_with_a_link_is_no_standfirst() -> None:
    teaser = f'<div class="teaser"><p>{STANDFIRST} <a href=/1>More of this</a></p></div>'
    body = f'<div class="article-body">{TEXT}<p>{MORE}</p><p>{SHORT} {MORE}</p></div>'
    assert not any(text.startswith("Pilots, cooks") for text in shown(page(document(body, teaser))))


def test_a_commentary_is_no_comment() -> None:
    comments = (
        '<div class="comments"><p>I was there, and the wind was worse than they say.</p></div>'
    )
    body = f'<div class="news commentary">{TEXT}</div>{comments}'
    kept = shown(page(document(body)))
    assert LEAD in kept
    assert not any(text.startswith("I was there") for text in kept)


@pytest.mark.parametrize("name", ["infobox", "fact-box", "ai-summary", "author-profile", "cta"])
def test_boxes_beside_the_article_are_left_out(name: str) -> None:
    box = (
        f'<div class="{name}"><p>The port of Velda was founded by monks in the year 1204.</p></div>'
    )
    body = f'<div class="article-body">{TEXT}<p>{MORE}</p>{box}</div>'
    assert not any("monks" in text for text in shown(page(document(body))))


def test_a_caption_is_kept_and_ranks_behind_the_text(monkeypatch: pytest.MonkeyPatch) -> None:
    caption = "A crane lifts a box of oranges from the first ship."
    without(monkeypatch, caption)
    figure = f"<figure><img src=x><figcaption>{caption}</figcaption></figure>"
    found = page(document(f"<div><p>{LEAD}</p>{figure}<p>{SECOND}</p><p>{THIRD}</p></div>"))
    kinds = {segment.text: segment.kind for segment in found.body}
    assert kinds[caption] is SegmentKind.FRAGMENT
