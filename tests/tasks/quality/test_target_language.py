"""Output in another language than the one asked for."""

from __future__ import annotations

import re

import pytest

from summsvc.languages.defaults import SCRIPTS
from summsvc.tasks.quality import target_language
from summsvc.tasks.quality.target_language import copied, wrong_language, wrong_script

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
        (RUSSIAN, "el", True), (RUSSIAN, "sr", False), (LITHUANIAN, "zh", False),
    ],
)  # fmt: skip
def test_script(output: str, target: str, wrong: bool) -> None:
    assert wrong_script(SOURCE, output, target) is wrong


def test_names_that_stay_as_they_are_are_in_no_wrong_script() -> None:
    source = "Install Visual Studio Code Insiders and Azure Kubernetes Service"
    output = "Установите Visual Studio Code Insiders и Azure Kubernetes Service"
    assert not wrong_script(source, output, "ru")
    assert wrong_script("Install it", output, "ru")


@pytest.mark.parametrize(
    ("output", "target", "language"),
    [
        (SOURCE, "lt", "en"), (LITHUANIAN, "en", "lt"),
        (SOURCE, "en", ""), (LITHUANIAN, "lt", ""), (RUSSIAN, "ru", ""),
        ("Taip pat", "en", ""), ("12.05.2024", "lt", ""), ("", "lt", ""),
    ],
)  # fmt: skip
def test_language(output: str, target: str, language: str) -> None:
    assert wrong_language(output, target, "de") == language


def test_a_relative_of_a_language_that_was_not_measured_is_not_believed() -> None:
    assert wrong_language(LITHUANIAN, "lv", "en") == ""
    assert wrong_language(SOURCE, "lv", "en") == "en"


def test_a_long_copy_is_found_between_other_words() -> None:
    source = " ".join(f"word{chr(97 + i // 26)}{chr(97 + i % 26)}" for i in range(600))
    words = source.split()
    output = f"начало {' '.join(words[100:500])} конец {' '.join(words[:50])}"
    assert copied(source, output) == " ".join(words[100:500])


@pytest.mark.parametrize("script", SCRIPTS)
def test_the_letters_of_a_script_are_no_others(script: str) -> None:
    own = re.findall(f"[{SCRIPTS[script]}]", "".join(map(chr, range(0x10000))))
    assert {target_language._script(char) for char in own if char.isalpha()} == {script}
