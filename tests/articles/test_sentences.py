"""Sentence boundaries: the labelled cases, and what holds in any text."""

from __future__ import annotations

from pathlib import Path
from unittest.mock import patch

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.quality.segmentation import LANGUAGES, load, load_treebank, ours, score
from summsvc.articles import sentences

REACHED = {"en": 0.995, "ru": 0.99, "lt": 0.985}
"""Share of the labelled paragraphs with every boundary right."""


@pytest.mark.parametrize("language", LANGUAGES)
def test_accuracy_does_not_fall(language: str) -> None:
    cases = load(language)
    assert len(cases) >= 255
    assert len({case.text for case in cases}) == len(cases)
    assert score(cases, ours, language).lines >= REACHED[language]


def test_a_treebank_is_read_in_its_paragraphs(tmp_path: Path) -> None:
    file = tmp_path / "t.conllu"
    texts = ["# newdoc id = 1", "# text = One. ", "1\tOne\t_", "# text = Two.", "# newpar"]
    file.write_text("\n".join([*texts, *(f"# text = {i}." for i in range(6))]), "utf-8")
    cases = load_treebank(file)
    assert [case.text for case in cases] == ["One. Two.", "0. 1. 2. 3. 4.", "5."]
    assert [sorted(case.starts) for case in cases] == [[5], [3, 6, 9, 12], []]


@pytest.mark.parametrize(
    ("language", "text", "count"),
    [
        ("de", "Das ist Dr. Meier. Er kommt.", 3),
        ("fr", "Il est parti. Elle reste… Pourquoi ?", 3),
        ("zh", "他走了。她留下！为什么？", 3),
        ("ja", "「行く。」と言った。", 2),
        ("", "One. Two.", 2),
    ],
)
def test_other_languages_have_general_rules(language: str, text: str, count: int) -> None:
    assert len(list(sentences.split(text, language))) == count


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Great! 😀 Good.", ["Great!", "😀 Good."]),
        ("Great! 😀", ["Great! 😀"]),
        ("… Then he left.", ["… Then he left."]),
        ("! ! Yes. — No.", ["! ! Yes.", "— No."]),
        ("  Yes.  ", ["Yes."]),
        ("", []),
        ("   ", []),
    ],
)
def test_what_says_nothing_goes_with_a_sentence(text: str, expected: list[str]) -> None:
    assert ours(text, "en") == expected


@pytest.mark.parametrize(
    ("language", "text", "count"),
    [
        ("en", "The road reopened at noon.Drivers had waited for hours.Police said so.", 3),
        ("en", "It ended.“We won,” he said.", 2),
        ("en", "See System.Out.Print and readme.Txt for more.", 1),
        ("en", "He used ASP.NET, Node.js and Booking.Com daily.", 1),
        ("en", "The clerk walked to Com. & Adm. on Monday. It was closed.", 2),
        ("en", "“I… I do not know,” she said.", 1),
        ("en", "Prices rose 3.5 percent in v.2 of the plan.", 1),
        ("ru", "Дорогу открыли.Водители ждали.", 2),
        ("ru", "Яндекс.Такси и Газета.Ру работают.", 1),
        ("ru", "Сайт игры «Что? Где? Когда?» закрыт на ремонт. Он откроется в мае.", 2),
        ("lt", "Kelias atidarytas.Vairuotojai laukė.", 2),
        ("lt", "Laida „Kas? Kur? Kada?“ grįžta. Ji bus gegužę.", 2),
    ],
)
def test_stops_of_news(language: str, text: str, count: int) -> None:
    assert len(ours(text, language)) == count


@pytest.mark.parametrize("char", ["\u200b", "\u00ad", "\ufeff", "\u2060", "\u200d"])
def test_invisible_characters_hide_no_sentence_end(char: str) -> None:
    text = f"The port opened.{char} Ships came in.{char} {char}Nobody was hurt.{char}"
    assert len(ours(text, "en")) == 3


PIECES = st.sampled_from(
    "Word word U.S. e.g. т. е. 2025 m. „labas“ «да» A. B. ... … ! ? ?! 😀 \u200b 3.5 5. Mr. "
    "a@b.lt https://a.lt/b.c שלום ( ) ” “ – 。 i v. end.Then noon.“We off.1 x.[1] /B/ (C) & 1911.2 "
    "«Что? Где?» (Why. No)".split()
)


@given(
    st.lists(st.tuples(PIECES, st.sampled_from([" ", "", "\n", "\u00a0", "  "]))),
    st.sampled_from(["en", "ru", "lt", "de"]),
)
def test_sentences_are_in_order_and_only_white_space_is_between(
    pieces: list[tuple[str, str]], language: str
) -> None:
    text = "".join(part for piece in pieces for part in piece)
    at = 0
    for begin, end in sentences.split(text, language):
        assert not text[at:begin].strip()
        assert text[begin:end] == text[begin:end].strip() != ""
        at = end
    assert not text[at:].strip()


@pytest.mark.parametrize(
    "unit",
    [
        ".",
        "?!\ufe0f",
        "word ",
        "A. ",
        "т. ",
        "! ",
        "... ",
        "a.",
        "etc. the ",
        "” ",
        "5. ",
        "((",
        "? A",
        "\u200b. ",
    ],
)
def test_a_million_characters_are_no_trouble(unit: str) -> None:
    # A quadratic rule would run into the suite's time limit.
    text = f"a{unit * (1_000_000 // len(unit))}"
    assert list(sentences.split(text, "en"))[-1][1] == len(text.rstrip())


@given(st.text(alphabet=".!?…‽\ufe0f。！» [1]ab\n", max_size=30))
def test_punctuation_is_found_step_by_step_as_in_one_go(text: str) -> None:
    expected = [match.span() for match in sentences._END.finditer(text)]
    for step in (1, 3, 4_000):
        with patch.object(sentences, "SCAN_CHUNK", step):
            assert [match.span() for match in sentences._punctuation(text)] == expected
