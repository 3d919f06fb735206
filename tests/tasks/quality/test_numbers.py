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
        ("a walk of 3 1/2 hours", "прогулка в три с половиной часа", "en-ru"),
        ("a walk of 3 1/2 hours", "trijų su puse valandos žygis", "en-lt"),
        ("it took 1.5 hours", "это заняло полтора часа", "en-ru"),
        ("it took 1.5 hours", "tai truko pusantros valandos", "en-lt"),
        ("прошло 1,5 часа", "an hour and a half went by", "ru-en"),
        ("прошло 2,5 часа", "two and a half hours went by", "ru-en"),
        ("a pump of 1.5 litres", "полуторалитровый насос", "en-ru"),
        ("1.5 million trees", "полтора миллиона деревьев", "en-ru"),
        ("2.5 million trees", "du su puse milijono medžių", "en-lt"),
        ("500,000 trees", "полмиллиона деревьев", "en-ru"),
        ("500,000 trees", "pusė milijono medžių", "en-lt"),
        ("250 тыс. деревьев", "a quarter of a million trees", "ru-en"),
        ("1/2 cup of flour", "полстакана муки", "en-ru"),
        ("1/4 of the land", "ketvirtadalis žemės", "en-lt"),
        ("50% of the land", "половина земли", "en-ru"),
        ("12 p.m. on Monday", "полдень понедельника", "en-ru"),
        ("12 a.m. on Monday", "pirmadienio vidurnaktį", "en-lt"),
        ("12:30 a.m.", "в 0:30", "en-ru"),
        ("в 00:30", "at 12:30 a.m.", "ru-en"),
        ("в 00:00", "at midnight", "ru-en"),
        ("с 19 до 20 часов", "from 7 to 8 p.m.", "ru-en"),
        ("в 19:00", "at 7 in the evening", "ru-en"),
        ("at 7 p.m.", "в 7 вечера", "en-ru"),
        ("90-е годы", "the 1990s", "ru-en"),
        ("the war of '45", "война 1945 года", "en-ru"),
        ("about 20 houses", "около двух десятков домов", "en-ru"),
        ("about 200 houses", "около двух сотен домов", "en-ru"),
        ("a plan of 25 years", "двадцатипятилетний план", "en-ru"),
        ("a plan of 25 years", "dvidešimtpenkiametis planas", "en-lt"),
        ("at 7.30pm", "в 19:30", "en-ru"),
        ("в 19.30", "at 7.30 p.m.", "ru-en"),
        ("1 млн 200 тыс. деревьев", "1.2 million trees", "ru-en"),
        ("1 mln. 200 tūkst. medžių", "1,200,000 trees", "lt-en"),
        ("3/4 жителей", "75% of residents", "ru-en"),
        ("plotas – 5 km2", "площадь — 5 кв. км", "lt-ru"),
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
        ("8 домов", "eighty houses", "ru-en", ["8"]),
        ("100 houses", "сто\u0301лик", "en-ru", ["100"]),
        ("it took 1.5 hours", "это заняло полчаса", "en-ru", ["1.5"]),
        ("2.5 million trees", "полтора миллиона деревьев", "en-ru", ["2.5 million"]),
        ("500,000 trees", "половина деревьев", "en-ru", ["500,000"]),
        ("50 houses", "половина домов", "en-ru", ["50"]),
        ("12 men left at noon", "мужчины ушли в полдень", "en-ru", ["12"]),
        ("в 19:00", "at 7", "ru-en", ["19"]),
        ("90 домов", "houses of 1990", "ru-en", ["90"]),
        ("40 years", "двадцатилетний", "en-ru", ["40"]),
        ("25 years", "двадцатилетний", "en-ru", ["25"]),
        ("H2O", "вода", "en-ru", ["2"]),
        ("at 7.30pm", "в 7:40", "en-ru", ["7.30"]),
        ("1 млн 200 тыс. деревьев", "1.5 million trees", "ru-en", ["1 млн", "200 тыс"]),
        ("5 тыс. 2 млн", "2.005 million", "ru-en", ["5 тыс", "2 млн"]),
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
