"""Which part of a page is the article: other stories beside it, its own headline, odd pages."""

from __future__ import annotations

import pytest

from tests.articles.pages.test_page import FOOTER, LEAD, MENU, SECOND, THIRD, page, shown

FOURTH = (
    "Two tugs stayed at the mole until dawn, since the wreck of the old dredger still lay there."
)
HEADLINE = "Harbour opens"
OTHER = (
    "<div class=ticker><h3>Right now</h3><p>The council votes on the price of water on Friday, "
    "and a majority is for a rise.</p></div>"
)


def paragraphs(*texts: str) -> str:
    return "".join(f"<p>{text}</p>" for text in texts)


def document(body: str, title: str = f"{HEADLINE} - Velda Daily") -> str:
    return f"<html><head><title>{title}</title></head><body>{MENU}{body}{FOOTER}</body></html>"


def test_a_short_story_beside_the_article_is_left_out() -> None:
    text = paragraphs(LEAD, SECOND, THIRD, FOURTH, *(LEAD, SECOND, THIRD, FOURTH) * 2)
    body = f"<div><h1>{HEADLINE}</h1><div class=text>{text}</div>{OTHER}</div>"
    found = shown(page(document(body)))
    assert found[0] == HEADLINE
    assert found[-1] == FOURTH


def test_text_in_several_elements_of_one_shape_is_kept() -> None:
    parts = (paragraphs(LEAD, SECOND, THIRD, FOURTH, LEAD, SECOND), paragraphs(THIRD))
    body = f"<h1>{HEADLINE}</h1>" + "".join(f"<div class=text>{part}</div>" for part in parts)
    assert shown(page(document(f"<div>{body}</div>")))[-1] == THIRD


def test_an_article_whose_headline_is_a_link_to_itself_is_no_teaser() -> None:
    post = (
        f"<div class=post><h2><a href=/p>{HEADLINE}</a></h2>{paragraphs(LEAD, SECOND, THIRD)}</div>"
    )
    assert {LEAD, SECOND, THIRD} <= set(shown(page(document(post))))
    assert LEAD not in shown(page(document(post + paragraphs(*[FOURTH] * 9), "Velda Daily")))


def test_the_id_of_a_heading_says_nothing_about_it() -> None:
    heading = "<h2 id=related_harbours>Related harbours</h2>"
    body = f"<article>{paragraphs(LEAD, SECOND)}{heading}{paragraphs(THIRD, FOURTH)}</article>"
    assert "Related harbours" in shown(page(document(body)))


def test_a_page_without_sentences_keeps_its_lines_but_not_its_furniture() -> None:
    lines = "".join(f"{line}<br>" for line in ("The tide", "The tide again", "Salt on the rope"))
    side = "<div class=sidebar><div>Thanks to all friends</div></div>"
    found = shown(page(document(f"<div class=post>{lines}</div>{side}")))
    assert "Salt on the rope" in found
    assert "Thanks to all friends" not in found


@pytest.mark.parametrize(
    "line",
    ["[2] https://velda.example/harbour", "harbour@velda.example", "[1] www.velda.example/harbour"],
)
def test_a_link_that_is_its_address_is_no_teaser(line: str) -> None:
    link = f"<p><a href=/x>{line}</a></p><p><a href=/y>Eggs are dearer than ever</a></p>"
    found = shown(page(document(f"<div>{paragraphs(LEAD, SECOND, THIRD)}{link}</div>")))
    assert line in found
    assert "Eggs are dearer than ever" not in found


@pytest.mark.parametrize(
    ("name", "is_kept"), [("field-label-hidden", True), ("visually-hidden", False)]
)
def test_a_field_with_a_hidden_label_is_not_hidden(name: str, is_kept: bool) -> None:
    field = f'<div class="field {name}"><p>{FOURTH}</p></div>'
    body = f"<article>{paragraphs(LEAD, SECOND, THIRD)}{field}</article>"
    assert (FOURTH in shown(page(document(body)))) == is_kept
