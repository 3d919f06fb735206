"""The standfirst: a sentence or a line between the headline and the text of an article."""

from __future__ import annotations

import pytest

from tests.articles.pages.test_page import FOOTER, LEAD, MENU, SECOND, THIRD, page, shown

HEADLINE = "Harbour of Velda opens after the storm"
STANDFIRST = (
    "Pilots, cooks and one retired diver kept the channel free through six nights of storm, "
    "while the owners counted the cost"
)
PARAGRAPHS = "".join(f"<p>{text}</p>" for text in (LEAD, SECOND, THIRD) * 4)
TEXT = f'<div class="article-body">{PARAGRAPHS}</div>'


def document(before: str) -> str:
    title = f"<title>{HEADLINE} - Velda Daily</title>"
    return f"<html><head>{title}</head><body>{MENU}{before}{FOOTER}</body></html>"


@pytest.mark.parametrize("tag", ["h2", "h3", "p", "div"])
@pytest.mark.parametrize("end", ["", "."])
def test_a_standfirst_may_be_a_heading_or_have_no_full_stop(tag: str, end: str) -> None:
    before = f"<h1>{HEADLINE}</h1><div><{tag}>{STANDFIRST}{end}</{tag}></div>"
    found = shown(page(document(f"<article>{before}<p>By Ann Roe</p>{TEXT}</article>")))
    assert STANDFIRST + end in found
    assert "By Ann Roe" not in found


def test_the_title_of_the_page_is_the_headline_in_any_heading() -> None:
    before = f'<h3>{HEADLINE}</h3><div class="lead"><p>{STANDFIRST}</p></div>'
    assert STANDFIRST in shown(page(document(f"<div>{before}{TEXT}</div>")))
    other = before.replace(HEADLINE, "News of the coast and of the islands")
    assert STANDFIRST not in shown(page(document(f"<div>{other}{TEXT}</div>")))


def test_a_header_with_the_headline_may_have_the_standfirst() -> None:
    header = f"<header><h1>{HEADLINE}</h1><p>{STANDFIRST}.</p><p>Share this</p></header>"
    found = shown(page(document(f"{header}<main>{TEXT}</main>")))
    assert f"{STANDFIRST}." in found
    assert "Share this" not in found
    of_site = header.replace(HEADLINE, "Velda Daily")
    assert f"{STANDFIRST}." not in shown(page(document(f"{of_site}<main>{TEXT}</main>")))


def test_a_line_that_is_long_beside_the_text_is_no_standfirst() -> None:
    before = f"<h1>{HEADLINE}</h1><div><h2>{STANDFIRST}</h2></div>"
    short = f'<div class="article-body"><p>{LEAD}</p><p>{SECOND}</p></div>'
    assert STANDFIRST not in shown(page(document(f"<article>{before}{short}</article>")))
