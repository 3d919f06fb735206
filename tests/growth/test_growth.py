"""No function takes more than linear time for any shape of text, nor long without a look.

Costs are ratios within one run, and what looks wrong is measured again with longer texts
before it is believed. ``python -m tests.growth`` looks at texts as long as they may be.
"""

from __future__ import annotations

import time

import pytest

from summsvc.interruption import checkpoint
from tests.growth.cost import findings, reference
from tests.growth.functions import FUNCTIONS, Function, of
from tests.growth.shapes import SHAPES


@pytest.fixture(scope="module")
def unit() -> float:
    return reference()


@pytest.mark.parametrize("name", FUNCTIONS)
def test_cost_grows_with_the_length_and_is_spent_in_slices(name: str, unit: float) -> None:
    wrong = [
        str(each)
        for shape in SHAPES
        for each in findings(name, FUNCTIONS[name], shape, SHAPES[shape], unit)
    ]
    assert not wrong


def quadratic(text: str) -> None:
    for _ in text[::50]:
        checkpoint()
        sum(map(ord, text))


def without_checkpoints(text: str) -> None:
    for _ in range(100):
        sum(map(ord, text))


def busy(text: str) -> None:
    begun = time.thread_time()
    while time.thread_time() - begun < len(text) * 1e-6:
        checkpoint()


@pytest.mark.parametrize(
    ("function", "what"),
    [(of(quadratic), "to the power of"), (of(without_checkpoints), "without a checkpoint")],
)
def test_what_is_wrong_is_found(function: Function, what: str, unit: float) -> None:
    (found,) = findings("one", function, "one letter", SHAPES["one letter"], unit)
    assert what in str(found)


def test_what_is_linear_and_in_slices_is_in_order(unit: float) -> None:
    assert not findings("one", of(busy), "one letter", SHAPES["one letter"], unit)
