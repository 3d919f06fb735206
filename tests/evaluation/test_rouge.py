"""ROUGE: equality with rouge-score for English, and correct scores for other alphabets."""

from __future__ import annotations

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rouge_score.rouge_scorer import RougeScorer

from summsvc.evaluation.rouge import Rouge, rouge, words

TEXTS = {
    "en": "The president met the mayor in Riga on Friday. Prices rose by 15 percent.",
    "ru": "Президент встретился с мэром в Риге в пятницу. Цены выросли на 15 процентов.",
    "lt": "Prezidentas penktadienį Rygoje susitiko su meru. Kainos pakilo 15 procentų.",
}
ZERO_SCORES = Rouge(0, 0, 0, 0)
FULL_SCORES = pytest.approx([100, 100, 100, 100])


def figures(scores: Rouge) -> list[float]:
    return [scores.r1, scores.r2, scores.rl, scores.rlsum]


@pytest.mark.parametrize("stem", [False, True])
@pytest.mark.parametrize("language", TEXTS)
def test_a_text_scores_100_against_itself_and_0_against_another_language(
    language: str, stem: bool
) -> None:
    text = TEXTS[language]
    assert figures(rouge(text, text, language, stem=stem)) == FULL_SCORES
    assert rouge("", text, language, stem=stem) == ZERO_SCORES
    assert rouge(text, "", language, stem=stem) == ZERO_SCORES
    (other,) = {"ru": "en", "en": "lt", "lt": "ru"}[language].split()
    assert rouge(text.replace("15", ""), TEXTS[other], language, stem=stem).r1 == 0


def test_non_ascii_letters_count() -> None:
    """The tokenizer of rouge-score finds only the number in these texts."""
    assert rouge("Цены на нефть: 15", "Курс рубля упал: 15").r1 == pytest.approx(25)
    own = RougeScorer(["rouge1"]).score("Цены на нефть: 15", "Курс рубля упал: 15")
    assert own["rouge1"].fmeasure == 1


def test_scores_equal_hand_computed_values() -> None:
    scores = rouge("кот спит на диване", "большой кот спит дома на диване")
    # 4 of 4 words, 4 of 6; "кот спит" and "на диване" of 3 pairs, and of 5.
    assert scores.r1 == pytest.approx(100 * 2 * 4 / (4 + 6))
    assert scores.r2 == pytest.approx(100 * 2 * 2 / (3 + 5))
    assert scores.rl == pytest.approx(100 * 2 * 4 / (4 + 6))


def test_sentence_order_affects_only_rl() -> None:
    first, second = (f"{sentence}." for sentence in TEXTS["ru"].rstrip(".").split(". "))
    scores = rouge(f"{second} {first}", f"{first} {second}", "ru")
    assert scores.rlsum == pytest.approx(100)
    assert scores.rl < 70


def test_stems_match_inflected_words() -> None:
    assert rouge("цены выросли", "цена выросла", "ru").r1 == 0
    assert rouge("цены выросли", "цена выросла", "ru", stem=True).r1 == pytest.approx(100)
    assert rouge("Rygos merai", "Ryga, merų", "lt", stem=True).r1 == pytest.approx(100)


def test_words_do_not_depend_on_unicode_normalization() -> None:
    assert words("Й\u00adод, за\u0301мок — e\u0307jo ĖJO") == ["йод", "замок", "ėjo", "ėjo"]
    assert words("И\u0306од") == ["йод"]


@given(
    st.lists(st.text(string.ascii_letters + string.digits + "'-,_ ", max_size=30), max_size=4).map(
        " ".join
    ),
    st.text(string.ascii_lowercase + "  ", max_size=80),
)
def test_ascii_english_equals_rouge_score_exactly(prediction: str, reference: str) -> None:
    theirs = RougeScorer(["rouge1", "rouge2", "rougeL"]).score(reference, prediction)
    ours = figures(rouge(prediction, reference, "en"))[:3]
    assert ours == pytest.approx([100 * score.fmeasure for score in theirs.values()])


@given(st.text(), st.text())
def test_scores_are_between_0_and_100_and_symmetric(a: str, b: str) -> None:
    scores = rouge(a, b)
    assert all(0 <= figure <= 100 + 1e-9 for figure in figures(scores))
    # rLsum is excluded: the choice among several longest common subsequences depends on the order.
    assert figures(rouge(b, a))[:3] == pytest.approx(figures(scores)[:3])


@given(st.text())
def test_any_text_with_words_scores_100_against_itself(text: str) -> None:
    scores = rouge(text, text)
    assert scores.r1 == pytest.approx(100 if words(text) else 0)
    assert scores.r2 == pytest.approx(100 if len(words(text)) > 1 else 0)
    assert scores.rl == pytest.approx(scores.r1)
    assert scores.rlsum == pytest.approx(scores.r1)
