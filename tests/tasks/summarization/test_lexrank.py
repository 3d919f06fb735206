"""LexRank scores of candidates."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from summsvc.tasks.summarization.lexrank import Candidate, rank

WORDS = (
    "the Minister said 14 prisoners вышли на свободу šiandien ąžuolas U.S.-led 東京 ... — ?".split()
)
TEXTS = st.lists(
    st.lists(st.sampled_from(WORDS), min_size=1, max_size=15).map(" ".join), min_size=1, max_size=12
)


@given(TEXTS)
def test_scores_are_0_to_1_with_a_best(texts: list[str]) -> None:
    scores = rank([Candidate(each) for each in texts], title="", language="ru").scores
    assert np.isfinite(scores).all()
    assert scores.max() == 1
    assert scores.min() >= 0
