"""Translations in their article's markup: every tag is there, nested as in the source."""

from __future__ import annotations

import re
from collections import Counter

from fuzz.text.inputs import Input
from fuzz.text.reading import document_of
from summsvc.alignment import AlignedSpan, Alignment
from summsvc.articles.document import Document
from summsvc.articles.formats.html_tokens import VOID_ELEMENTS, tokenize
from summsvc.types import MimeType
from tests.articles.invariants import is_repaired, without_removed
from tests.articles.rendering import RenderedArticle, render

_WORD = re.compile(r"\w+")
_OTHERS = ("žodis", "Мир", "3.5", "R&D", "a<b", "x_y", "„Labas“", "😀", "<b>", "&amp;", "")


def run(data: bytes) -> None:
    """Render translations of an article with and without an alignment."""
    given = Input(data)
    document = document_of(given.article(), keep_boilerplate=given.flag(1))
    if document is None or is_repaired(document):
        return
    way = given.choice(2, ("same", "backwards", "words", "capitals", "empty", "many"))
    seed = given.choice(3, range(256))
    texts = [_translated(each.text, way, seed) for each in document.segments]
    alignments: list[Alignment] = []
    if given.flag(2):
        alignments = [
            _alignment(each.text, text, backwards=given.flag(3))
            for each, text in zip(document.segments, texts, strict=True)
        ]
    result = render(document, texts, alignments)
    check_spans(document, result)
    if document.article.mime_type is MimeType.HTML:
        check_tags(without_removed(document), result.body)


def _translated(text: str, way: str, seed: int) -> str:
    if way == "backwards":
        return text[::-1]
    if way == "words":
        return " ".join(_OTHERS[(seed + i) % len(_OTHERS)] for i in range(len(text) // 6 + 1))
    if way == "capitals":
        return text.upper()
    if way == "many":
        return f"{text} {text}\n{text}"
    return "" if way == "empty" else text


def _alignment(text: str, output: str, *, backwards: bool) -> Alignment:
    """An alignment of the words of two texts, in order or the other way round."""
    sources = [match.span() for match in _WORD.finditer(text)]
    targets = [match.span() for match in _WORD.finditer(output)]
    pairs = zip(reversed(sources) if backwards else sources, targets, strict=False)
    return tuple(AlignedSpan(*source, *target) for source, target in pairs)


def check_spans(document: Document, result: RenderedArticle) -> None:
    """The target span of each segment contains its text, and separators are those of the source."""
    titles = len(document.title)
    for number, placed in enumerate(result.segments):
        field = result.title if number < titles else result.body
        assert field[placed.target_span.start : placed.target_span.end] == placed.text


def check_tags(source: str, output: str) -> None:
    """All tags of the source are in the output, and nested where those of the source are."""
    before, after = _tags(source), _tags(output)
    assert Counter(before) == Counter(after)
    if _is_nested(before):
        assert _is_nested(after)


def _tags(source: str) -> list[tuple[str, str]]:
    return [
        (token.kind, source[token.start : token.end])
        for token in tokenize(source)
        if token.kind in ("open", "close")
    ]


def _is_nested(tags: list[tuple[str, str]]) -> bool:
    opened: list[str] = []
    for kind, tag in tags:
        found = re.match(r"</?([^\s/>]+)", tag)
        name = found[1].lower() if found else ""
        if name in VOID_ELEMENTS:
            continue
        if kind == "open":
            opened.append(name)
        elif not opened or opened.pop() != name:
            return False
    return not opened
