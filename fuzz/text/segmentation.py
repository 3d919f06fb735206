"""Sentences and pieces of a text: in order, with every letter and digit, and nothing added."""

from __future__ import annotations

from unittest.mock import patch

from fuzz.text.inputs import LANGUAGES, Input
from fuzz.text.reading import document_of
from summsvc.articles import segmentation, sentences
from summsvc.articles.enclosures import enclosures
from summsvc.articles.notes import ends_sentence, reference_start
from summsvc.tasks.pipeline import splitting
from tests.articles.invariants import assert_complete, assert_in_order_and_clean

LIMIT = 40


def run(data: bytes) -> None:
    """Split a text in each way."""
    given = Input(data)
    text = given.text
    way = given.choice(0, ("sentences", "pieces", "clauses", "cut", "sentences"))
    if way == "sentences":
        check_sentences(text, given.choice(1, LANGUAGES))
    elif way == "cut":
        with patch.object(segmentation, "MAX_SENTENCE_CODE_POINTS", LIMIT):
            document = document_of(given.article(), keep_boilerplate=True)
        if document is not None:
            assert_in_order_and_clean(document)
            assert_complete(document)
            assert max((len(each.text) for each in document.body), default=0) <= LIMIT
    else:
        check_pieces(text, clauses=way == "clauses")


def check_sentences(text: str, language: str) -> None:
    """Check the spans of sentences and the enclosures."""
    at = 0
    for start, end in sentences.split(text, language):
        assert at <= start < end <= len(text)
        assert not any(map(str.isalnum, text[at:start]))
        ends_sentence(text[start:end])
        assert 0 <= reference_start(text[start:end], is_followed=end < len(text)) <= end - start
        at = end
    assert not any(map(str.isalnum, text[at:]))
    list(enclosures(text))


def check_pieces(text: str, *, clauses: bool) -> None:
    """Check that pieces are the text, and that each is short."""
    if clauses:
        pieces = splitting.split_clauses(text)
    else:
        pieces = splitting.split(text, lambda parts: [len(part) // 3 + 1 for part in parts], 12)
        assert all(len(piece) // 3 + 1 <= 12 for piece in pieces)
    assert "".join(pieces) == text
    assert all(pieces) or not text
    assert "".join(splitting.join(pieces, pieces).split()) == "".join(text.split())
