"""Bar for the elements around the right words, on labelled sentences."""

from __future__ import annotations

import pytest

from bench.quality.markup_places import PAIRS, labelled, placed, right


@pytest.mark.parametrize("pair", PAIRS)
def test_elements_are_around_the_right_words_by_alignment(pair: str) -> None:
    count = len(labelled(pair))
    assert count == 30
    assert right(pair, aligned=True) >= 0.95 * count
    # What an engine without an alignment gets.
    assert right(pair, aligned=False) < 0.5 * count


@pytest.mark.parametrize("pair", PAIRS)
def test_the_labels_themselves_are_sound(pair: str) -> None:
    for sentence in labelled(pair):
        assert sentence.source.count("<b>") == sentence.right.count("<b>") == 1
        assert sentence.right.replace("<b>", "").replace("</b>", "") == sentence.translation
        assert placed(sentence, aligned=False).count("<b>") == 1
