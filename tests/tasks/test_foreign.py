"""Output in another language than the one asked for."""

from __future__ import annotations

import pytest

from summsvc.tasks.foreign import copied, wrong_language, wrong_script

SOURCE = "The president met the mayor in Riga on Friday and said that the talks will continue."
LITHUANIAN = "Prezidentas penktadienį Rygoje susitiko su meru ir pasakė, kad derybos tęsis."
RUSSIAN = "Президент встретился с мэром в Риге в пятницу и сказал, что переговоры продолжатся."


@pytest.mark.parametrize(
    ("source", "output", "stretch"),
    [
        (SOURCE, SOURCE, SOURCE),
        (SOURCE, SOURCE.upper(), SOURCE),
        ("clean water", "Clean water", "clean water"),
        (SOURCE, "Президент said that the talks will continue.",
         "said that the talks will continue"),
        ("New York Times", "New York Times", ""),
        ("The New York City Police Department", "Pagal New York City Police Department", ""),
        (SOURCE, RUSSIAN, ""),
        ("“Yes”", "„Taip“", ""),
    ],
)  # fmt: skip
def test_what_was_left_as_it_is(source: str, output: str, stretch: str) -> None:
    assert copied(source, output) == stretch


@pytest.mark.parametrize(
    ("output", "target", "wrong"),
    [
        (LITHUANIAN, "ru", True), (RUSSIAN, "lt", True), (RUSSIAN, "en", True),
        (LITHUANIAN, "lt", False), (RUSSIAN, "ru", False), ("ООН, NATO и WHO", "ru", False),
        ("Apple iPhone", "ru", False), (RUSSIAN, "uk", False),
    ],
)  # fmt: skip
def test_script(output: str, target: str, wrong: bool) -> None:
    assert wrong_script(output, target) is wrong


@pytest.mark.parametrize(
    ("output", "target", "language"),
    [
        (SOURCE, "lt", "en"), (LITHUANIAN, "en", "lt"),
        (SOURCE, "en", ""), (LITHUANIAN, "lt", ""), (RUSSIAN, "ru", ""),
        ("Taip pat", "en", ""), ("12.05.2024", "lt", ""), ("", "lt", ""),
    ],
)  # fmt: skip
def test_language(output: str, target: str, language: str) -> None:
    assert wrong_language(output, target) == language
