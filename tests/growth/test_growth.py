"""Every function on text takes linear time for any shape of text, and calls checkpoints.

Costs are ratios within one run. A suspected violation is measured again with longer texts
before it is reported. ``python -m tests.growth`` measures texts of the greatest length.
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
def test_cost_is_linear_and_divided_by_checkpoints(name: str, unit: float) -> None:
    def found(shape: str) -> list[str]:
        return [str(each) for each in findings(name, FUNCTIONS[name], shape, SHAPES[shape], unit)]

    # Again after all others: other work on the machine may disturb a measurement for seconds.
    suspected = [shape for shape in SHAPES if found(shape)]
    assert not [each for shape in suspected for each in found(shape)]


def quadratic(text: str) -> None:
    for _ in text[::50]:
        checkpoint()
        sum(map(ord, text))


def without_checkpoints(text: str) -> None:
    for _ in range(400):
        sum(map(ord, text))


def busy(text: str) -> None:
    begun = time.thread_time()
    while time.thread_time() - begun < len(text) * 1e-6:
        checkpoint()


@pytest.mark.parametrize(
    ("function", "what"),
    [(of(quadratic), "to the power of"), (of(without_checkpoints), "without a checkpoint")],
)
def test_a_violation_is_found(function: Function, what: str, unit: float) -> None:
    (found,) = findings("one", function, "one letter", SHAPES["one letter"], unit)
    assert what in str(found)


def test_a_linear_function_with_checkpoints_passes(unit: float) -> None:
    assert not findings("one", of(busy), "one letter", SHAPES["one letter"], unit)
