"""Property tests: markup is preserved, as other parsers see it, whatever the translation is.

The reference parsers are html5lib (the HTML standard's tree), html.parser and markdown-it.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from html.parser import HTMLParser
from itertools import pairwise
from typing import Any
from xml.etree.ElementTree import Element

import html5lib
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from summsvc.articles.reader import read
from summsvc.types import Article, MimeType
from tests.articles.rendering import render

TRANSLATORS: dict[str, Callable[[str], str]] = {
    "upper": str.upper,
    "longer": lambda text: " ".join(f"{word} ir {word}" for word in text.split()),
    "shorter": lambda text: " ".join(text.split()[: len(text.split()) // 3 + 1]),
    "reversed": lambda text: " ".join(reversed(text.split())),
    "special": lambda text: " ".join(f"{word}<&amp;>*x*_[y](z)`" for word in text.split()),
}
translators = st.sampled_from(sorted(TRANSLATORS))

WORDS = st.sampled_from(
    "one two žodis слово Мир 3.5 R&amp;D a&lt;b &copy; U.S. x_y 10&nbsp;km".split()
)
NAMES = ["b", "i", 'span title="x > y" id="a&amp;b"', "span class=k", "em", "sup", "q"]
# Not among NAMES, since nested links are malformed.
LINK = '<a href="u?a=1&amp;b=2">two words</a>'
BLOCKS = ["p", "h2", "blockquote", "div", "section"]
KEPT = [
    "<code>x. <b>Y</b> &amp;</code>",
    '<b translate="no">Brand <i>New</i></b>',
    "<kbd>Ctrl</kbd>",
]
OPAQUE = [
    "<pre>a\n  b. C</pre>",
    "<script>if (a<b) { c('</p>') }</script>",
    "<style>p > b { x: y }</style>",
    "<sup>[7]</sup>",
]
PLAIN = ["<br>", '<img src=x alt="A man">', "<wbr>", "<!-- c. <b> D -->"]

inline = st.recursive(
    st.one_of(WORDS, st.sampled_from([*KEPT, *OPAQUE[1:], *PLAIN, LINK])),
    lambda inner: st.tuples(
        st.sampled_from(NAMES), st.lists(inner, min_size=1, max_size=4), st.sampled_from([" ", ""])
    ).map(lambda part: f"<{part[0]}>{part[2].join(part[1])}</{part[0].split()[0]}>"),
    max_leaves=10,
)
block = st.tuples(
    st.sampled_from(BLOCKS), st.lists(inline, min_size=1, max_size=8), st.sampled_from(".?")
).map(lambda part: f"<{part[0]}>Start {' '.join(part[1])}{part[2]}</{part[0]}>")
bodies = st.lists(st.one_of(block, st.sampled_from([*KEPT, *OPAQUE])), min_size=1, max_size=5).map(
    "\n".join
)


def translated(body: str, mime_type: MimeType, how: str) -> tuple[str, list[str], list[str]]:
    """The rendered body, the texts outside of kept parts, and their translations."""
    document = read(Article("A title", body, "en", mime_type), keep_boilerplate=True)
    answers: list[str] = []
    outside: list[str] = []
    outside_answers: list[str] = []
    for segment in document.segments:
        # As in a translation whose protected terms are all in place.
        bounds = [0, *(bound for span in segment.kept for bound in span), len(segment.text)]
        pieces = [segment.text[begin:end] for begin, end in pairwise(bounds)]
        said = [_translated(piece, how) if i % 2 == 0 else piece for i, piece in enumerate(pieces)]
        answers.append("".join(said))
        if segment in document.body:
            outside += pieces[::2]
            outside_answers += said[::2]
    return render(document, answers).body, outside, outside_answers


def _translated(piece: str, how: str) -> str:
    """A translation of the text between kept parts, with the space and punctuation around it."""
    inner = re.search(r"\w(?:.*\w)?", piece)
    if inner is None:
        return piece
    return piece[: inner.start()] + TRANSLATORS[how](inner[0]) + piece[inner.end() :]


def letters(texts: list[str]) -> str:
    """The texts without punctuation, since a run of punctuation alone is not a segment."""
    return "".join(filter(str.isalnum, "".join(texts)))


def tree(body: str) -> tuple[Any, str]:
    """The element tree without translatable text, and that text."""
    texts: list[str] = []

    def walk(element: Element, opaque: bool) -> Any:
        name = element.tag if isinstance(element.tag, str) else "comment"
        opaque = (
            opaque
            or name in ("code", "pre", "script", "style", "kbd", "comment")
            or element.get("translate") == "no"
            or (name == "sup" and element.text == "[7]")
        )
        if not opaque:
            texts.append(element.text or "")
        children = []
        for child in element:
            children.append((walk(child, opaque), child.tail if opaque else None))
            if not opaque:
                texts.append(child.tail or "")
        return name, dict(element.attrib), element.text if opaque else None, children

    parsed = html5lib.parseFragment(body, treebuilder="etree", namespaceHTMLElements=False)
    return walk(parsed, False), letters(texts)


@given(bodies, translators)
def test_html_tree_is_unchanged_and_every_text_is_translated_once(body: str, how: str) -> None:
    if not tree(body)[1]:
        return
    rendered, given_texts, answers = translated(body, MimeType.HTML, how)
    before, source_text = tree(body)
    after, target_text = tree(rendered)
    assert after == before
    assert letters(given_texts) == source_text
    assert letters(answers) == target_text


class Tags(HTMLParser):
    def __init__(self, body: str) -> None:
        super().__init__()
        self.seen: list[tuple[str, Any]] = []
        self.feed(body)
        self.close()

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.seen.append((tag, attrs))

    def handle_endtag(self, tag: str) -> None:
        self.seen.append(("/", tag))

    def handle_comment(self, data: str) -> None:
        self.seen.append(("comment", data))


loose = st.lists(
    st.one_of(
        WORDS,
        st.sampled_from(
            ["<b>", "</b>", "<i>", "</i>", "<p>", "</p>", "<li>", "</div>", "< ", "& "]
        ),
        st.sampled_from([*KEPT, *OPAQUE, *PLAIN]),
    ),
    min_size=1,
    max_size=20,
).map(" ".join)


@given(loose, translators)
def test_malformed_html_keeps_every_tag_in_order(body: str, how: str) -> None:
    body = f"<p>Start {body}"
    rendered, _, _ = translated(body, MimeType.HTML, how)
    assert Tags(rendered).seen == Tags(body).seen


MARKDOWN = MarkdownIt("commonmark").enable(["table", "strikethrough"])
SPANS = ["`x. Y`", "[a *link* here](http://x.y/z_(a))", "![An image](i.png)", "<http://x.y>"]
EMPHASIS = ["**bold words**", "*one*", "_two_", "~~three~~", "***both***"]
piece = st.one_of(
    st.sampled_from("one two žodis слово Мир 3.5 x_y U.S. 😀 R&amp;D".split()),
    st.sampled_from(SPANS),
    st.sampled_from(EMPHASIS),
)
line = st.tuples(
    st.sampled_from(["", "# ", "- ", "1. ", "> ", "### "]), st.lists(piece, min_size=1, max_size=8)
).map(lambda part: f"{part[0]}Start {' '.join(part[1])} end.")
articles = st.lists(
    st.one_of(
        line,
        st.sampled_from(["```py\ncode. Here\n```", "---", "| a | b |\n|---|---|\n| c | d |"]),
        st.just("    indented. Code"),
    ),
    min_size=1,
    max_size=4,
).map("\n\n".join)


def structure(body: str, *, emphasis: bool) -> list[Any]:
    """The token structure that markdown-it parses from an article, without the words."""
    found: list[Any] = []
    for token in MARKDOWN.parse(body):
        for each in token.children or [token]:
            if each.type in ("text", "softbreak") or (
                not emphasis and each.tag in ("em", "strong", "s")
            ):
                continue
            kept = each.content if each.type in ("fence", "code_block", "code_inline") else ""
            kept = kept or str(each.attrs.get("src") or "")
            found.append((each.type, each.tag, each.attrs.get("href"), kept))
    return found


@given(articles, translators)
def test_markdown_has_the_same_structure(body: str, how: str) -> None:
    body = f"Start here.\n\n{body}"
    rendered, _, _ = translated(body, MimeType.MARKDOWN, how)
    # Emphasis may be dropped when a shorter translation has no word for it.
    emphasis = how in ("upper", "longer")
    assert structure(rendered, emphasis=emphasis) == structure(body, emphasis=emphasis)
