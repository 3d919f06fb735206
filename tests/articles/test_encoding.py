"""Texts that were decoded or escaped wrongly, and files that are no text."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from summsvc.articles import encoding
from summsvc.articles.reader import read
from summsvc.errors import InvalidFieldError
from summsvc.types import Article, Field, MimeType, Span, Warning, WarningType

TEXTS = (
    "Статья о мэре Риги вышла в пятницу.",
    "Žemė ir šeši ąžuolai prie ežero išliko.",
    "L’été à Évian coûte déjà très cher à côté.",
    "“Nothing – nothing at all…” she said – “is left”.",
)


def signs(text: str, mime_type: MimeType = MimeType.PLAIN) -> Iterator[Warning]:
    """The warnings about a body that nothing repairs."""
    if misread := encoding.misread_as(text):
        yield encoding.misread_warning(Field.BODY, *misread)
    if escaped := encoding.first_escaped(text, mime_type):
        yield encoding.escaped_warning(Field.BODY, escaped, mime_type)


def doubts(text: str, mime_type: MimeType = MimeType.PLAIN) -> list[str]:
    found = list(signs(text, mime_type))
    assert {each.type for each in found} <= {WarningType.ENCODING_DOUBTFUL}
    return [each.message for each in found]


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("code_page", ["cp1252", "latin-1", "cp1251"])
def test_utf8_read_as_a_code_page_is_reported_with_its_place(text: str, code_page: str) -> None:
    sent = text.encode().decode(code_page, "replace")
    (message,) = doubts(sent)
    assert "UTF-8 that was read as windows-125" in message
    (warning,) = signs(sent)
    assert warning.span is not None
    assert sent[: warning.span.start].isascii()


@pytest.mark.parametrize(
    "text", [*TEXTS, "ВСЁ. «США» № 5 „да“ Я» Ё…", "L’été « É» à « Ü» déjà", "Ok"]
)
def test_text_that_was_decoded_rightly_is_not_reported(text: str) -> None:
    assert doubts(text) == []


@given(st.text(st.characters(min_codepoint=0xC0, max_codepoint=0x17F), min_size=30, max_size=200))
def test_words_of_accented_letters_are_not_reported(text: str) -> None:
    # Of two letters, the second one is no continuation byte of a code page.
    assert doubts("".join(letter for letter in text if letter not in "ŒœŠšŽžŸ")) == []


@pytest.mark.parametrize(
    ("text", "mime_type", "reported"),
    [
        ("The mayor&#39;s office &amp; dock", MimeType.PLAIN, "&#39;"),
        ("<p>The mayor&amp;#39;s office</p>", MimeType.HTML, "&amp;#39;"),
        ("The mayor&amp;quot;s office", MimeType.MARKDOWN, "&amp;quot;"),
        ("<p>The mayor&#39;s office &amp; dock</p>", MimeType.HTML, ""),
        ("Terms &amp; conditions", MimeType.MARKDOWN, ""),
        ("AT&T; and R&D", MimeType.PLAIN, ""),
    ],
)
def test_text_that_is_escaped_once_too_often_is_reported(
    text: str, mime_type: MimeType, reported: str
) -> None:
    found = doubts(text, mime_type)
    assert len(found) == bool(reported)
    assert all(f"“{reported}”" in message for message in found)


def test_the_reader_adds_the_warning_and_keeps_the_text() -> None:
    body = "The mayor writes &#39; instead of a mark. The dock is closed."
    document = read(Article("", body, "en"))
    (warning,) = [w for w in document.warnings if w.type is WarningType.ENCODING_DOUBTFUL]
    assert (warning.field, warning.span) == (Field.BODY, Span(17, 22))
    assert document.body[0].text == "The mayor writes &#39; instead of a mark."


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (b"%PDF-1.7\n1 0 obj", "PDF"),
        (b"\x89PNG\r\n\x1a\n", "PNG"),
        (b"GIF89a\x01\x00", "GIF"),
        (b"\xff\xd8\xff\xe0\x00\x10JFIF", "JPEG"),
        (b"PK\x03\x04\x14\x00", "ZIP"),
        (rb"{\rtf1\ansi Text}", "RTF"),
    ],
)
@pytest.mark.parametrize("decoder", ["latin-1", "utf-8"])
def test_the_content_of_other_files_is_rejected_by_name(
    data: bytes, name: str, decoder: str
) -> None:
    with pytest.raises(InvalidFieldError, match=name) as caught:
        read(Article("", data.decode(decoder, "replace"), "en"))
    assert caught.value.field == "article.body"


def test_a_title_that_the_page_gives_is_not_reported_as_one_that_was_sent() -> None:
    paragraphs = "<p>The mayor opened the bridge on Friday, and a band played for an hour.</p>" * 4
    body = f"<html><head><title>Roe &amp;amp; Sons</title></head><body>{paragraphs}</body></html>"
    document = read(Article("", body, "en", MimeType.HTML))
    found = [w for w in document.warnings if w.type is WarningType.ENCODING_DOUBTFUL]
    assert [each.field for each in found] == [Field.BODY]
