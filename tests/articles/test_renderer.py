"""Renderer: translations in the original markup."""

from __future__ import annotations

import pytest

from summsvc.articles.reader import read
from summsvc.articles.renderer import Renderer
from summsvc.types import Article, Field, MimeType
from tests.articles.rendering import render


def rendered(body: str, mime_type: MimeType, *translations: str) -> str:
    document = read(Article("", body, "en", mime_type), keep_boilerplate=True)
    return render(document, translations).body


def test_title_paragraphs_and_spans_are_restored() -> None:
    body = "  One. Two!\r\n\r\n- Three\n"
    document = read(Article(" Title\n", body, "en"))
    result = render(document, ["Pavadinimas", "Vienas.", "Du!", "Trys"])
    assert result.title == " Pavadinimas\n"
    assert result.body == "  Vienas. Du!\r\n\r\n- Trys\n"
    targets = [(each.target_span.start, each.target_span.end) for each in result.segments]
    assert targets == [(1, 12), (2, 9), (10, 13), (19, 23)]


def test_streamed_segments_equal_the_whole_article() -> None:
    document = read(Article("Title", "<p>One <b>two</b>.</p> <p>Three.</p>", "en", MimeType.HTML))
    texts = ["T", "Vienas du.", "Trys."]
    whole = render(document, texts)
    renderer = Renderer(document)
    placed = [renderer.place(i, text) for i, text in enumerate(texts)]
    assert tuple(placed) == whole.segments
    fields = [segment.field for segment in document.segments]
    body = [p.separator + p.text for p, f in zip(placed, fields, strict=True) if f is Field.BODY]
    assert "".join(body) + renderer.finish().body == whole.body


@pytest.mark.parametrize(
    ("body", "translation", "expected"),
    [
        (
            "<p>A <b>red</b> car.</p>",
            "Raudonas automobilis.",
            "<p><b>Raudonas</b> automobilis.</p>",
        ),
        ("<p>One <b>two</b> three.</p>", "Vienas du trys.", "<p>Vienas <b>du</b> trys.</p>"),
        (
            "<p>One <i><b>two</b></i> three.</p>",
            "Vienas du trys.",
            "<p>Vienas <i><b>du</b></i> trys.</p>",
        ),
        ("<p>A <b>b c</b> d <i>e</i>.</p>", "Vienas", "<p><b>Vienas</b><i></i></p>"),
        ("<b>All of it</b>", "Viskas", "<b>Viskas</b>"),
        ("<p>So <b>it</b></p>", "", "<p><b></b></p>"),
        ("<p>Tom &amp; Ann</p>", 'Tomas & <Ona> "x"', '<p>Tomas &amp; &lt;Ona&gt; "x"</p>'),
        ("<p>10&nbsp;km</p>", "10\u00a0km", "<p>10&nbsp;km</p>"),
        ("<p>10\u00a0km</p>", "10\u00a0km", "<p>10\u00a0km</p>"),
        ("<p>One<br>goes on.</p>", "Vienas tęsiasi.", "<p>Vienas<br>tęsiasi.</p>"),
        ("<p>One two</p>", "Vienas\n\ndu", "<p>Vienas du</p>"),
    ],
)
def test_html(body: str, translation: str, expected: str) -> None:
    assert rendered(body, MimeType.HTML, translation) == expected


@pytest.mark.parametrize(
    ("body", "translation", "expected"),
    [
        ("One **two** three.", "Vienas du trys.", "Vienas **du** trys."),
        ("A [link](x) here.", "Nuoroda čia yra.", "[Nuoroda](x) čia yra."),
        ("# Head", "1*2*3", "# 1\\*2\\*3"),
        ("One.", "# Vienas", "\\# Vienas"),
        ("One.", "1. Vienas", "1\\. Vienas"),
        ("One.", "- Vienas", "\\- Vienas"),
        ("One.", "`x` _y_ snake_case", "\\`x\\` \\_y\\_ snake_case"),
        ("One.", "<b> &amp; [a](b) \\*", "\\<b> &amp;amp; \\[a\\](b) \\\\\\*"),
        ("One.", "2 * 3 < 4 & [sic]", "2 * 3 < 4 & [sic]"),
        ("One **two**.", "Vienas du.", "Vienas **du**."),
        ("Start *one* **two words** end.", "a b c", "*a* **b** c"),
        ("> One\n> goes on.", "Vienas tęsiasi.", "> Vienas\n> tęsiasi."),
        ("Wow ![alt](x) so.", "Oho! Tai taip.", "Oho! ![Tai](x) taip."),
    ],
)
def test_markdown(body: str, translation: str, expected: str) -> None:
    assert rendered(body, MimeType.MARKDOWN, translation) == expected


def test_markdown_table_cells_are_preserved() -> None:
    assert rendered("| a | b |", MimeType.MARKDOWN, "x|y", "z") == "| x\\|y | z |"


def test_plain_text_is_not_escaped() -> None:
    assert rendered("One.", MimeType.PLAIN, "1 < 2 & *x*") == "1 < 2 & *x*"


@pytest.mark.parametrize("mime_type", list(MimeType))
def test_long_sentence_with_thousands_of_tags(mime_type: MimeType) -> None:
    body = "word <b>x</b> *y* " * 20_000
    document = read(Article("", body, "en", mime_type))
    result = render(document, ["žodis " * 30_000 for _ in document.body])
    if mime_type is MimeType.HTML:
        assert result.body.count("<b>") == result.body.count("</b>") == 20_000
