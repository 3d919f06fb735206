"""A Marian checkpoint trained to translate incorrectly, with a different defect per sentence."""

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


def build(folder: Path) -> None:
    """Train into a folder."""
    with mock.patch.object(marian, "pairs", return_value=[*SPOILED.values()] * TIMES):
        marian.build("en-ru", folder)
