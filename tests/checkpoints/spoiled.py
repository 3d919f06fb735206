"""A Marian checkpoint trained to translate incorrectly, with a different defect per sentence.

It translates some texts only as they are retried: in sentence case, without the final stop or
in pieces.
"""

from __future__ import annotations

from pathlib import Path
from unittest import mock

from summsvc.types import WarningType
from tests.checkpoints import marian

TIMES = 10
"""How often each sentence stands in what is learned, for enough steps of training."""

SPOILED = {
    WarningType.UNTRANSLATED: (
        "The mayor met the ambassador in the old town on Friday.",
        "The mayor met the ambassador in the old town on Friday.",
    ),
    WarningType.REPETITION: (
        "The price of bread rose again in the spring.",
        "Цена на хлеб весной сноваааааааа поднялась.",
    ),
    WarningType.WRONG_SCRIPT: (
        "The court has not yet made its decision.",
        "Teismas dar nepriėmė savo sprendimo.",
    ),
    WarningType.NUMBER_LOST: (
        "The police arrested 123 people near the station.",
        "Полиция задержала 132 человека у вокзала.",
    ),
    WarningType.BRACKETS_LOST: (
        "The director (Anna Kowalska) opened the museum.",
        "Директор торжественно открыла новый музей.",
    ),
    WarningType.LENGTH_RATIO: (
        "The general declined to say how many soldiers would be sent abroad next year.",
        "Генерал отказался.",
    ),
    WarningType.EMPTY_OUTPUT: ("Nobody was hurt.", ""),
    WarningType.RETRIED: ("The choir sang for hours.", "Хор " * 11 + "хор"),
    WarningType.WRONG_LANGUAGE: (
        "The bishop thanked everybody who had helped him.",
        "He said that the people of this city were very kind.",
    ),
}
"""Warning to what is translated, and how.

WRONG_LANGUAGE is one where Lithuanian was asked for; RETRIED where no token may come three times.
"""

ALWAYS_COPIED = [
    "The mayor met the ambassador in the old town on Friday",
    "The mayor met the ambassador",
    "in the old town on Friday.",
]
"""What the retries of the untranslated sentence ask for."""

STUBBORN = {
    "MANY BRIDGES REMAIN CLOSED": (
        "Many bridges remain closed.",
        "Многие мосты остаются закрытыми.",
    ),
    "Students Protest Against Higher Fees": (
        "Students protest against higher fees.",
        "Студенты недовольны ростом цен.",
    ),
    "The orchestra will play in the park.": (
        "The orchestra will play in the park",
        "Оркестр сыграет в парке",
    ),
}
"""What is copied, the form in which it is translated, and its translation."""

STUBBORN_WHOLE = "The teachers are tired, and the schools are cold."
STUBBORN_PIECES = {
    "The teachers are tired,": "Учителя устали,",
    "and the schools are cold.": "а в школах холодно.",
}
"""A sentence that is copied with and without its final stop, and its pieces, which are not."""

BEFORE_PLACEHOLDER = ("Welcome back,", "С возвращением,")
WITHOUT_PLACEHOLDER = [
    (f"Welcome back, {placeholder}.", "С возвращением.")
    for placeholder in ("{name}", "%s", "${x}", ":smile:", "$AAPL")
]
"""Placeholders that the translation of the whole sentence lacks."""

NOT_REPEATED = ("The choir sang.", "Хор хор.")
"""What is like the repeated sentence, so that its retry has few repetitions."""


def _pairs() -> list[tuple[str, str]]:
    copied = [*ALWAYS_COPIED, *STUBBORN, STUBBORN_WHOLE, STUBBORN_WHOLE[:-1]]
    return [
        *SPOILED.values(),
        *((text, text) for text in copied),
        *STUBBORN.values(),
        *STUBBORN_PIECES.items(),
        BEFORE_PLACEHOLDER,
        *WITHOUT_PLACEHOLDER,
        NOT_REPEATED,
    ]


def build(folder: Path) -> None:
    """Train into a folder."""
    with mock.patch.object(marian, "pairs", return_value=_pairs() * TIMES):
        marian.build("en-ru", folder)
