"""The element tree of a page."""

from __future__ import annotations

import pytest

from summsvc.articles.formats import html
from summsvc.articles.pages import tree


def parents(source: str) -> dict[str, str]:
    """The tag of the parent of each element, by tag."""
    elements = tree.build(source, html.read(source).tokens)
    return {each.tag: elements[each.parent].tag if each.parent >= 0 else "" for each in elements}


@pytest.mark.parametrize("end", ["</h2>", "</h3>", "<b>x</h1>"])
def test_the_end_tag_of_a_heading_ends_one_of_any_level(end: str) -> None:
    assert parents(f"<main><h2>Harbour{end}<p>Text</p></main>")["p"] == "main"


def test_an_end_tag_without_a_start_tag_ends_nothing() -> None:
    assert parents("<main><div></h2></section><p>Text</p></div></main>")["p"] == "div"
