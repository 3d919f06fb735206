"""Property tests for any article: no text is lost, and every offset is correct."""

from __future__ import annotations

import re
from collections import Counter
from unittest.mock import patch

from hypothesis import given
from hypothesis import strategies as st

from summsvc.articles import segmentation
from summsvc.articles.characters import INVISIBLE
from summsvc.articles.document import Document
from summsvc.articles.reader import read
from summsvc.errors import EmptyArticleError
from summsvc.types import Article, MimeType
from tests.articles.invariants import (
    assert_complete,
    assert_in_order_and_clean,
    is_repaired,
    without_removed,
)
from tests.articles.rendering import render

PIECES = [
    "Hello world. ",
    "Foo ",
    "bar ",
    "„Labas“, – ",
    "«Да!» ",
    "“Yes.” ",
    "U.S. ",
    "т. е. ",
    "A. B. ",
    "2025 m. gruodžio 13 d. ",
    "3.5 ",
    "שלום ",
    "مرحبا ",
    "😀 ",
    "\u200b",
    "\u200f",
    "e\u0301 ",
    "… ",
    "?! ",
    "\n",
    "\r\n",
    "\n\n",
    "\r\n\r\n",
    "\r",
    "\t",
    "  ",
    "    ",
    "\u00a0",
    "\u2028",
    "\u202f",
    "\u00ad",
    "\ufeff",
    "т.\u00a0е. ",
    "J.\u00a0R. ",
    "[3] ",
    "1,5 ",
    "Mr. ",
    "\u201c.\u201d ",
    "- ",
    "* ",
    "1. ",
    "# ",
    "> ",
    "\n> ",
    ">> ",
    "\f",
    "\n    ",
    "har-\nbour",
    "brothers.1 ",
    "said.Then ",
    "(a. B) ",
    "/Agency/ ",
    "| ",
    "https://a.b/c_d?e=f ",
    "a@b.lt ",
    "Admin\n\n",
    "Source link\n\n",
    "Читать далее\n\n",
    "<b>",
    "</b>",
    "<p>",
    "</p>",
    "<br>",
    "<i class='x'>",
    "</i>",
    "<li>",
    "<script>a<b</script>",
    "<code>x. Y</code>",
    "<!-- c. D -->",
    "&amp;",
    "&nbsp;",
    "&lt;",
    "<",
    "&",
    "**",
    "*",
    "_",
    "`",
    "`x. Y`",
    "[",
    "](u)",
    "![",
    "\\",
    "```\n",
    "---\n",
    "~~",
    "<title>",
    "</h1>",
]
BODIES = st.lists(st.one_of(st.sampled_from(PIECES), st.text(max_size=8)), max_size=40).map("".join)
FORBIDDEN = re.compile("[\x00-\x08\x0e-\x1f\ud800-\udfff]")
LAYOUT = re.compile(r"(?m)(?:^|(?<=[\r\v\f\x85\u2028\u2029]))[ \t]{0,3}(?:>[ \t]?)+|-|\s")
"""Quote marks of mail at the begin of a line, white space, and hyphens, which may divide a word."""


def words_of(text: str) -> str:
    """The text without layout and characters that are not seen."""
    return LAYOUT.sub("", INVISIBLE.sub("", text))


def document_of(body: str, mime_type: MimeType, title: str = "A title") -> Document | None:
    """The document of an article; None for one without text, and for a repaired one."""
    try:
        document = read(Article(title, FORBIDDEN.sub("", body), "en", mime_type))
    except EmptyArticleError:
        return None
    return None if is_repaired(document) else document


@given(BODIES, BODIES, st.sampled_from(MimeType))
def test_separators_and_segments_equal_the_article_without_removed_spans(
    title: str, body: str, mime_type: MimeType
) -> None:
    document = document_of(body, mime_type, FORBIDDEN.sub("", title))
    if document is None:
        return
    assert_complete(document)


@given(BODIES, st.sampled_from(MimeType))
def test_segments_are_in_order_and_normalized(body: str, mime_type: MimeType) -> None:
    document = document_of(body, mime_type)
    if document is None:
        return
    assert_in_order_and_clean(document)


@given(st.lists(BODIES, min_size=2, max_size=8).map("".join), st.sampled_from(MimeType))
def test_cut_sentences_keep_their_text_and_order(body: str, mime_type: MimeType) -> None:
    with patch.object(segmentation, "MAX_SENTENCE_CODE_POINTS", 80):
        document = document_of(body, mime_type)
    if document is None:
        return
    assert_in_order_and_clean(document)
    assert_complete(document)
    assert max((len(segment.text) for segment in document.body), default=0) <= 80


@given(BODIES)
def test_plain_segments_equal_their_source(body: str) -> None:
    document = document_of(body, MimeType.PLAIN)
    for segment in document.body if document else ():
        source = document.article.body[segment.span.start : segment.span.end] if document else ""
        assert words_of(segment.text) == words_of(source)
        if len(source.splitlines()) == 1 and not INVISIBLE.search(source):
            assert segment.text.split() == source.split()


@given(BODIES, st.sampled_from(MimeType))
def test_target_spans_contain_the_rendered_text(body: str, mime_type: MimeType) -> None:
    document = document_of(body, mime_type)
    if document is None:
        return
    result = render(document, [segment.text[::-1] for segment in document.segments])
    for placed, segment in zip(result.segments, document.segments, strict=True):
        field = result.title if segment in document.title else result.body
        if segment not in document.title:
            field = result.body
        assert field[placed.target_span.start : placed.target_span.end] == placed.text


@given(BODIES)
def test_plain_text_identity_rendering(body: str) -> None:
    document = document_of(body, MimeType.PLAIN)
    if document is None:
        return
    result = render(document, [segment.text for segment in document.segments])
    # Each line keeps its quote marks, except inside a sentence.
    assert words_of(result.body) == words_of(without_removed(document))
    if all(s.span.end - s.span.start == len(s.text) for s in document.body):
        assert re.sub(r"\s", " ", result.body) == re.sub(r"\s", " ", without_removed(document))


# Well-formed documents, which are rendered with other words.
WORDS = st.sampled_from("one two žodis слово Labas Мир 3.5 R&D a<b 2*3 x_y [z] U.S.".split())
INLINE_HTML = ["b", "i", "a href='u?a=1&amp;b=2' title=\"x > y\"", "span class=k", "em", "sup"]
BLOCK_HTML = ["p", "h2", "li", "blockquote", "td", "div"]
OPAQUE_HTML = [
    "<code>x. Y</code>",
    "<br>",
    "<img src=x>",
    '<b translate="no">Brand</b>',
    "<!--c-->",
]


def escaped_html(word: str) -> str:
    return word.replace("&", "&amp;").replace("<", "&lt;")


inline_html = st.recursive(
    st.one_of(WORDS.map(escaped_html), st.sampled_from(OPAQUE_HTML)),
    lambda inner: st.tuples(
        st.sampled_from(INLINE_HTML), st.lists(inner, min_size=1, max_size=4)
    ).map(lambda part: f"<{part[0]}>{' '.join(part[1])}</{part[0].split()[0]}>"),
    max_leaves=8,
)
html_block = st.tuples(
    st.sampled_from(BLOCK_HTML),
    st.lists(inline_html, min_size=1, max_size=8),
    st.sampled_from(".?"),
).map(lambda part: f"<{part[0]}>Start {' '.join(part[1])}{part[2]}</{part[0]}>")
html_bodies = st.lists(html_block, min_size=1, max_size=4).map("\n".join)
TAG = re.compile(
    r"<!--c-->|<(?:code|b translate=\"no\")>[^<]*</\w+>|<(?:[^<>\"']|\"[^\"]*\"|'[^']*')*>"
)


def is_nested(tags: list[str]) -> bool:
    names: list[str] = []
    for tag in tags:
        name = re.match(r"<(/?)(\w+)", tag)
        if not name or name[2] in ("br", "img", "code") or "translate" in tag:
            continue
        if not name[1]:
            names.append(name[2])
        elif not names or names.pop() != name[2]:
            return False
    return not names


@given(html_bodies, st.data())
def test_html_tags_keep_order_and_nesting(body: str, data: st.DataObject) -> None:
    document = read(Article("", body, "en", MimeType.HTML), keep_boilerplate=True)
    words = st.lists(WORDS, max_size=12).map(" ".join)
    translations = [data.draw(words) for _ in document.segments]
    result = render(document, translations)
    assert is_nested(TAG.findall(body))
    assert TAG.findall(result.body) == TAG.findall(body)


@given(html_bodies)
def test_html_identity_rendering(body: str) -> None:
    document = read(Article("", body, "en", MimeType.HTML), keep_boilerplate=True)
    result = render(document, [segment.text for segment in document.segments])
    assert re.sub(r"\s", "", result.body) == re.sub(r"\s", "", body)
    again = read(Article("", result.body, "en", MimeType.HTML), keep_boilerplate=True)
    assert [segment.text for segment in again.body] == [segment.text for segment in document.body]


inline_markdown = st.one_of(
    st.sampled_from("one two žodis слово Labas Мир 3.5 R&D x_y U.S. 😀".split()),
    st.sampled_from(["`x. Y`", "[a *link* here](http://x.y/z_(a))", "![An image](i.png)", "<br>"]),
    st.sampled_from(["**bold words**", "*one*", "_two_", "~~three~~", "<http://x.y>", "note[^1]"]),
)
markdown_block = st.tuples(
    st.sampled_from(["", "# ", "- ", "1. ", "> "]),
    st.lists(inline_markdown, min_size=1, max_size=8),
).map(lambda part: f"{part[0]}Start {' '.join(part[1])} end.")
markdown_bodies = st.lists(
    st.one_of(
        markdown_block, st.sampled_from(["```\ncode. Here\n```", "---", "| a | b |\n|---|---|"])
    ),
    min_size=1,
    max_size=4,
).map("\n\n".join)


MARKUP = re.compile(
    r"`[^`]*`|\]\([^()]*(?:\([^()]*\))?\)|<[^>]*>|!?\[|^[#>|-]+|\[\^1\]", re.MULTILINE
)
EMPHASIS = re.compile(r"\*+|_+|~~")


@given(markdown_bodies, st.data())
def test_markdown_markup_is_preserved(body: str, data: st.DataObject) -> None:
    document = read(Article("A title", body, "en", MimeType.MARKDOWN), keep_boilerplate=True)
    words = st.lists(st.sampled_from(["žodis", "Мир", "du", "3.5"]), min_size=1, max_size=20)
    result = render(document, [" ".join(data.draw(words)) for _ in document.segments])
    assert MARKUP.findall(result.body) == MARKUP.findall(body)
    # Emphasis without a word may be dropped; no markup is ever added.
    left = Counter("".join(EMPHASIS.findall(MARKUP.sub(" ", result.body))))
    assert left <= Counter("".join(EMPHASIS.findall(MARKUP.sub(" ", body))))


@given(markdown_bodies)
def test_markdown_identity_rendering(body: str) -> None:
    document = read(Article("A title", body, "en", MimeType.MARKDOWN), keep_boilerplate=True)
    result = render(document, [segment.text for segment in document.segments])
    assert re.sub(r"\s", "", result.body) == re.sub(r"\s", "", body)
