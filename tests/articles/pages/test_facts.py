"""What a page says about itself."""

from __future__ import annotations

import pytest

from summsvc.articles.formats import html
from summsvc.articles.pages.facts import Facts, find


def facts(head: str, body: str = "") -> Facts:
    source = f"<html><head>{head}</head><body>{body}</body></html>"
    return find(source, html.read(source).tokens)


@pytest.mark.parametrize(
    ("head", "body", "title"),
    [
        ("<title>Harbour opens again - Velda Daily</title>", "", "Harbour opens again"),
        ("<title>Harbour - Velda</title>", "", "Harbour - Velda"),
        ("<title>Harbour | Velda</title>", "<h1>Harbour</h1>", "Harbour"),
        ("<title>Harbour &amp; sea</title>", "<h1>Velda</h1>", "Velda"),
        ("<title>Harbour opens again | Velda</title>", "<h1>Velda</h1>", "Harbour opens again"),
        ("", "<h1>Harbour <b>opens</b>\n again</h1>", "Harbour opens again"),
        ("<meta property='og:title' content='Harbour opens'><title>x</title>", "", "Harbour opens"),
        (
            "<meta property=og:title content='Harbour – Velda'>"
            "<meta property=og:site_name content=Velda>",
            "",
            "Harbour",
        ),
        ("", "", ""),
    ],
)
def test_the_title_is_without_the_name_of_the_site(head: str, body: str, title: str) -> None:
    assert facts(head, body).title == title


@pytest.mark.parametrize(
    ("source", "code"),
    [
        ("<html lang=lt>", "lt"),
        ("<html lang='en-GB'>", "en"),
        ("<html><meta http-equiv=Content-Language content=ru>", "ru"),
        ("<html lang='???'>", ""),
        ("<html>", ""),
    ],
)
def test_the_language_is_that_of_the_root_element_or_a_meta_element(source: str, code: str) -> None:
    assert find(source, html.read(source).tokens).language == code


def test_author_and_date_are_found() -> None:
    found = facts(
        "<meta name=author content='Ona Ode'>"
        "<meta property='article:published_time' content='2024-05-06T07:08:09+03:00'>"
    )
    assert (found.byline, found.published) == ("Ona Ode", "2024-05-06T07:08:09+03:00")


def test_the_address_of_an_author_is_no_byline() -> None:
    assert facts("<meta property=article:author content='https://a.example/ode'>").byline == ""


def test_the_date_of_a_time_element_is_used() -> None:
    assert facts("", "<time datetime=2024-05-06>6 May</time>").published == "2024-05-06"


def test_a_date_in_words_is_not_used() -> None:
    assert facts("<meta name=date content='6 May 2024'>").published == ""
