"""Usual lengths: the figures are those of the data, and they tell far from near."""

from __future__ import annotations

import pytest

from bench.quality.guards import LANGUAGE_FILES, LANGUAGES, with_derived
from summsvc.tasks.quality.length_ratio import fit, unusual


def ratio(source: str, output: str, pair: str = "en-ru") -> float:
    return unusual(source, output, source_language=pair[:2], target=pair[3:])


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_figures_are_derived_from_the_data(language: str) -> None:
    assert (LANGUAGE_FILES / f"{language}.toml").read_text("utf-8") == with_derived(language)


@pytest.mark.parametrize("pair", ["en-ru", "en-lt", "ru-en", "ru-lt", "lt-en", "lt-ru"])
def test_a_third_and_three_times_are_unusual(pair: str) -> None:
    source = "word " * 30
    assert ratio(source, "слово " * 25, pair) == 0
    assert ratio(source, "слово " * 8, pair) == pytest.approx(48 / 150)
    assert ratio(source, "слово " * 75, pair) == pytest.approx(450 / 150)


def test_a_pair_that_was_not_measured_has_wide_bounds() -> None:
    source = "word " * 30
    assert ratio(source, "字" * 40, "en-zh") == 0
    assert ratio(source, "字" * 20, "en-zh") > 0
    assert ratio(source, "字" * 800, "en-zh") > 0


def test_short_texts_may_be_as_short_but_not_as_long_as_they_like() -> None:
    assert ratio("It will rain tomorrow.", "Rytoj lis.", "en-lt") == 0
    assert ratio("Weather", "О погоде в выходные") == 0
    assert ratio("Weather", "Погода в городе " * 5) > 5


def test_bounds_close_in_on_longer_texts() -> None:
    usual = fit([(20 + i, 22 + i + i % 7) for i in range(200)])
    lows, highs = zip(*(usual.bounds(length) for length in (20, 80, 300)), strict=True)
    assert all(low < high for low, high in zip(lows, highs, strict=True))
    assert highs[0] / lows[0] >= highs[1] / lows[1] >= highs[2] / lows[2]
