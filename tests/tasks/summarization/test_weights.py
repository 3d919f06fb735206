"""Weights of ranking by the length of the summary."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from summsvc.articles.length import Length
from summsvc.tasks.summarization.weights import (
    COVERING,
    LONG,
    SHORT,
    WEIGHTS,
    asked_sentences,
    weights_for,
)


def test_a_short_summary_follows_the_lead_and_a_long_one_covers_the_article() -> None:
    assert weights_for(1) == weights_for(SHORT) == WEIGHTS
    assert weights_for(LONG) == weights_for(100) == COVERING


@given(st.floats(0, 50), st.floats(0, 10))
def test_the_preference_for_the_lead_falls_with_the_length(sentences: float, more: float) -> None:
    shorter, longer = weights_for(sentences), weights_for(sentences + more)
    assert longer.position_least >= shorter.position_least
    assert longer.damping >= shorter.damping


@pytest.mark.parametrize(
    ("length", "asked"),
    [
        (Length(max_sentences=3), 3),
        (Length(max_sentences=90), 40),
        (Length(max_words=100), 4),
        (Length(max_words=5000), 40),
        (Length(ratio=0.2), 8),
    ],
)
def test_asked_sentences_of_an_article_of_1000_words_in_40_sentences(
    length: Length, asked: float
) -> None:
    assert asked_sentences(length, 1000, 40) == asked


def test_an_article_without_words() -> None:
    assert asked_sentences(Length(max_words=10), 0, 1) == 1
    assert asked_sentences(Length(ratio=0.5), 0, 0) == 0
