"""Selection of ranked candidates under a length limit."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from summsvc.articles.length import Length, count_words
from summsvc.tasks.summarization.lexrank import Candidate, rank
from summsvc.tasks.summarization.selection import select

WORDS = (
    "the Minister said 14 prisoners вышли на свободу šiandien ąžuolas U.S.-led 東京 ... — ?".split()
)
TEXTS = st.lists(
    st.lists(st.sampled_from(WORDS), min_size=1, max_size=15).map(" ".join), min_size=1, max_size=12
)
LENGTHS = st.one_of(
    st.builds(Length, max_sentences=st.integers(1, 15)),
    st.builds(Length, max_words=st.integers(1, 80)),
    st.builds(Length, ratio=st.floats(0.01, 1.0)),
)


@given(TEXTS, LENGTHS)
def test_limits_hold_and_the_selection_is_not_empty(texts: list[str], length: Length) -> None:
    candidates = [Candidate(each) for each in texts]
    ranking = rank(candidates, title="Minister", language="en")
    selection = select(candidates, ranking, length)
    words = [count_words(each) for each in texts]
    total = sum(words[i] for i in selection.chosen)
    assert selection.chosen
    assert list(selection.chosen) == sorted(set(selection.chosen))
    assert total > 0 or not any(words)
    assert len(selection.chosen) <= (length.max_sentences or len(texts))
    limit = length.words(sum(words))
    assert total <= (sum(words) if limit is None else limit) + selection.over
    if selection.over:
        least = min(count for count in words if count)
        assert limit is not None
        assert least > limit
        assert len(selection.chosen) == 1
        assert total == least


def test_the_shortest_is_selected_when_none_fits() -> None:
    texts = [
        "The president signed the law on Monday after long talks with both chambers.",
        "The law comes into force in June.",
        "The opposition will take the law to court, said two of its members.",
    ]
    candidates = [Candidate(each) for each in texts]
    ranking = rank(candidates, title="President signs law", language="en")
    selection = select(candidates, ranking, Length(max_words=4))
    assert selection.chosen == (1,)
    assert selection.over == 3


def test_a_candidate_that_fits_comes_before_a_better_one_that_does_not() -> None:
    texts = ["The president signed the law on Monday after long talks.", "He smiled."]
    candidates = [Candidate(each) for each in texts]
    ranking = rank(candidates, title="President signs law", language="en")
    assert select(candidates, ranking, Length(max_words=3)).chosen == (1,)


def test_a_redundant_candidate_is_not_selected() -> None:
    said = "The government released 123 prisoners on Saturday."
    other = "Washington lifted its sanctions on potash in return."
    candidates = [Candidate(each) for each in (said, said, other)]
    ranking = rank(candidates, title="", language="en")
    assert select(candidates, ranking, Length(max_sentences=2)).chosen == (0, 2)


LEAD = "Belarus released 123 prisoners on Saturday, among them Maria Kolesnikova."
OTHERS = [
    "Washington lifted its sanctions on potash in return.",
    "The European Union has not recognized the presidency.",
    "A crowd is gathering outside the embassy in Vilnius.",
    "Her sister Tatiana confirmed the news in a video call.",
]
REPEATED = [
    "Belarus released 123 prisoners, among them Maria Kolesnikova.",
    "On Saturday Belarus released 123 prisoners, among them Maria Kolesnikova, officials said.",
    "123 prisoners were released on Saturday in Belarus, Maria Kolesnikova among them.",
]


def chosen_of(texts: list[str], length: Length) -> list[str]:
    """The selected texts; those that begin with "However" or "He" point back."""
    candidates = [
        Candidate(each, points_back=each.startswith(("However", "He "))) for each in texts
    ]
    ranking = rank(candidates, title="", language="en")
    return [texts[i] for i in select(candidates, ranking, length).chosen]


@pytest.mark.parametrize("repeated", REPEATED)
@pytest.mark.parametrize("place", [1, 3, 5])
@pytest.mark.parametrize("count", [2, 3, 4, 5, 6])
def test_a_near_duplicate_of_the_lead_is_not_selected(
    repeated: str, place: int, count: int
) -> None:
    texts = [LEAD, *OTHERS]
    texts.insert(place, repeated)
    chosen = chosen_of(texts, Length(max_sentences=count))
    assert chosen[0] == LEAD
    assert repeated not in chosen
    assert len(chosen) == min(count, 5)
    assert repeated not in chosen_of(texts, Length(max_words=1000))
    assert repeated in chosen_of(texts, Length(ratio=1))


def test_the_first_of_two_near_duplicates_is_selected() -> None:
    texts = ["Weather will be fine in the north of the country.", LEAD, REPEATED[1] * 2, *OTHERS]
    for count in range(1, 6):
        assert texts[2] not in chosen_of(texts, Length(max_sentences=count))


def test_a_sentence_that_points_back_follows_the_one_before_it() -> None:
    texts = [
        LEAD,
        OTHERS[0],
        "However, talks about other prisoners go on.",
        OTHERS[2],
    ]
    for length in [Length(max_sentences=n) for n in (1, 2, 3, 4)] + [
        Length(max_words=n) for n in range(8, 40)
    ]:
        chosen = chosen_of(texts, length)
        if texts[2] in chosen:
            assert chosen[chosen.index(texts[2]) - 1] == texts[1]
    assert chosen_of(texts, Length(max_sentences=4)) == texts


def test_a_chain_of_sentences_that_point_back_has_its_beginning() -> None:
    texts = [*OTHERS[:2], LEAD, "He left.", "However, he came back on Sunday with 123 prisoners."]
    for count in range(1, 6):
        chosen = chosen_of(texts, Length(max_sentences=count))
        assert len(chosen) == count
        for before, after in ((2, 3), (3, 4)):
            assert texts[after] not in chosen or texts[before] in chosen


def test_a_sentence_that_points_back_is_selected_when_nothing_else_fits() -> None:
    texts = [f"{LEAD[:-1]} and many others, as was said by {'very ' * 30}many.", "He smiled."]
    assert chosen_of(texts, Length(max_words=4)) == ["He smiled."]


def test_the_first_sentence_of_an_article_may_point_back() -> None:
    texts = ["He released 123 prisoners on Saturday, among them Maria Kolesnikova.", OTHERS[0]]
    assert texts[0] in chosen_of(texts, Length(max_sentences=1))


@pytest.mark.parametrize(
    ("length", "count"),
    [(Length(max_sentences=3), 3), (Length(max_words=50), 5), (Length(ratio=1), 5000)],
)
def test_thousands_of_equal_candidates(length: Length, count: int) -> None:
    candidates = [Candidate("The talks in Vilnius will go on next week.")] * 5000
    ranking = rank(candidates, title="", language="en")
    assert len(select(candidates, ranking, length).chosen) == count


def test_no_candidates_give_an_empty_selection() -> None:
    ranking = rank([], title="Title", language="en")
    assert select([], ranking, Length(max_sentences=3)).chosen == ()
