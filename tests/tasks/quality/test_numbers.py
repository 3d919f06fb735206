"""Figures: another way to write one is no loss, another figure is."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from summsvc.tasks.quality import numbers
from summsvc.tasks.quality.numbers import lost_figures


@pytest.mark.parametrize(
    ("source", "output", "pair"),
    [
        ("It costs 1,200.50 euros", "Это стоит 1 200,50 евро", "en-ru"),
        ("It costs 1,200.50 euros", "Kaina 1.200,50 euro", "en-lt"),
        ("12 million people", "12 млн человек", "en-ru"),
        ("$1.5bn", "1,5 mlrd. dolerių", "en-lt"),
        ("250,000 people", "250 тысяч человек", "en-ru"),
        ("2 of them", "двое из них", "en-ru"),
        ("the 3rd place", "trečioji vieta", "en-lt"),
        ("at 3 p.m.", "в 15:00", "en-ru"),
        ("в 15:00", "at 3 p.m.", "ru-en"),
        ("until 11:30 pm", "iki 23.30 val.", "en-lt"),
        ("in the 19th century", "в XIX веке", "en-ru"),
        ("XIX amžiuje", "in the 19th century", "lt-en"),
        ("World War II", "Вторая мировая война", "en-ru"),
        ("in the 1990s", "XX a. dešimtajame dešimtmetyje", "en-lt"),
        ("в 1990-х годах", "XX a. dešimtajame dešimtmetyje", "ru-lt"),
        ("XX a. 8-ajame dešimtmetyje", "in the 1970s", "lt-en"),
        ("on 12/05/2024", "2024 m. gegužės 12 d.", "en-lt"),
        ("the season of 2014-20", "сезон 2014–2020 годов", "en-ru"),
        ("a crowd of 13,000", "толпа в тринадцать тысяч", "en-ru"),
        ("won 3-1", "выиграли 3:1", "en-ru"),
        ("5 people", "fünf Menschen", "en-de"),
        ("the 4th quarter", "четвёртая четверть", "en-ru"),
        ("a pipe of 3 1/2 inches", "труба в 3,5 дюйма", "en-ru"),
        ("a pipe of 3½ inches", "3,5 colio vamzdis", "en-lt"),
        ("1/2 cup", "0,5 стакана", "en-ru"),
        ("at 0600 GMT", "в 6:00 по Гринвичу", "en-ru"),
        ("at 1830", "в 18:30", "en-ru"),
        ("в 02:30", "at 0230", "ru-en"),
        ("a 20-year plan", "двадцатилетний план", "en-ru"),
        ("a 2-storey house", "dviaukštis namas", "en-lt"),
        ("1,200 people", "1,2 тыс. человек", "en-ru"),
        ("0.85 percent", "0,85 процента", "en-ru"),
    ],
)
def test_another_way_to_write_it_is_no_loss(source: str, output: str, pair: str) -> None:
    assert lost_figures(source, output, target=pair[3:]) == []


@pytest.mark.parametrize(
    ("source", "output", "pair", "lost"),
    [
        ("123 people", "132 человека", "en-ru", ["123"]),
        ("123 people of 456", "люди", "en-ru", ["123", "456"]),
        ("1.5 billion euros", "1,5 млн евро", "en-ru", ["1.5 billion"]),
        ("1,000 people", "100 žmonių", "en-lt", ["1,000"]),
        ("World War II", "мировая война", "en-ru", ["II"]),
        ("at 3 p.m.", "в 16:00", "en-ru", ["3"]),
        ("7 people", "люди", "en-ru", ["7"]),
        ("XX a. 8-ajame dešimtmetyje", "in the 1870s", "lt-en", ["8", "XX"]),
        ("120 people", "Menschen", "en-de", ["120"]),
        ("2 men came on Tuesday", "vyrai atvyko antradienį", "en-lt", ["2"]),
        ("5 men came on Friday", "vyrai atvyko penktadienį", "en-lt", ["5"]),
        ("4 men came on Thursday", "мужчины пришли в четверг", "en-ru", ["4"]),
        ("7 children at home", "дети в семье", "en-ru", ["7"]),
        ("7 people went to a workshop", "люди пошли на семинар", "en-ru", ["7"]),
        ("100 euros it costs", "это стоит денег в столице", "en-ru", ["100"]),
        ("5 people", "мало людей", "en-ru", ["5"]),
        ("3 people fight", "kova ir triukšmas", "en-lt", ["3"]),
        ("6 žmonės", "The market may grow", "lt-en", ["6"]),
        ("40 mužčin", "He made a fortune", "ru-en", ["40"]),
        ("1,200 people", "1,2 žmonių", "en-lt", ["1,200"]),
        ("1,2 кг", "1,200 kg", "ru-en", ["1,2"]),
        ("up by 0.85", "версия 0.8.5", "en-ru", ["0.85"]),
        ("up by 0.85", "85.0", "en-lt", ["0.85"]),
    ],
)
def test_a_figure_that_is_not_there_is_named(
    source: str, output: str, pair: str, lost: list[str]
) -> None:
    assert lost_figures(source, output, target=pair[3:]) == lost


@given(st.integers(0, 10**9), st.sampled_from(["en-ru", "ru-lt", "lt-en", "en-de"]))
def test_the_same_digits_are_never_lost(number: int, pair: str) -> None:
    text = f"{number:,} and {number}"
    assert lost_figures(text, f"({number})", target=pair[3:]) == []


@pytest.mark.parametrize("digits", ["1" * 10_000, "٣" * 10_000, "1." * 5_000, "1 000 " * 2_000])
def test_figures_of_any_length_are_compared(digits: str) -> None:
    pair = {"target": "ru"}
    assert lost_figures(f"{digits} people in 1990", f"{digits} человек в 1990", **pair) == []
    lost = lost_figures(f"{digits} p.m., 5 million", "XX a. 9 dešimtmetis", **pair)
    assert "".join(lost).startswith(digits[:1])


@given(st.text(max_size=200), st.text(max_size=200), st.sampled_from(["en", "ru", "lt", "de"]))
def test_what_is_named_stands_in_the_source(source: str, output: str, language: str) -> None:
    lost = lost_figures(source, output, target=language)
    assert all(each and each in source for each in lost)
    assert lost_figures(source, source, target="lt") == []


WRITTEN = st.text(st.sampled_from(list("012 .,-:/VXIkm")), max_size=30)


@given(WRITTEN, WRITTEN)
def test_figures_that_stand_in_both_need_no_reading(source: str, output: str) -> None:
    lost = lost_figures(source, output, target="en")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(numbers, "_as_written", lambda *_: False)
        assert lost_figures(source, output, target="en") == lost
