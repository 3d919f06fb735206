"""LexRank scores of candidates."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from summsvc.tasks.summarization.lexrank import Candidate, rank
from summsvc.tasks.summarization.weights import Weights

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


def scores_with(figure: float, texts: list[str], language: str) -> list[float]:
    candidates = [Candidate(each) for each in texts]
    weights = Weights(figure=figure)
    return list(rank(candidates, title="", language=language, weights=weights).scores)


@pytest.mark.parametrize(
    ("language", "plain", "named"),
    [
        ("lt", "Vakar čia žmonės šventė ąžuolo šaknį žiemą", "Vakar čia Šiauliai šventė Žolinę"),
        ("ru", "Вчера здесь люди ёлку ещё эхо этажа", "Вчера здесь Ёлкин ехал Эстонией"),
        ("en", "Yesterday the café élite met here naïvely", "Yesterday the Élysée met Ångström"),
    ],
)
def test_names_are_the_words_with_a_capital_letter_of_any_alphabet(
    language: str, plain: str, named: str
) -> None:
    without = [plain, "Other words stand here alone today", plain + " again and again"]
    assert scores_with(0.0, without, language) == scores_with(0.9, without, language)
    with_name = [plain, named]
    assert scores_with(0.9, with_name, language)[1] > scores_with(0.0, with_name, language)[1]
