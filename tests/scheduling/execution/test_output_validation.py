"""Outputs of an engine that are rejected before any other code uses them."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from summsvc.engines.base import Generated
from summsvc.errors import EngineError
from summsvc.scheduling.execution.output_validation import (
    MAX_CODE_POINTS_PER_TOKEN,
    validate_outputs,
)

GOOD = Generated("текст", -0.5, input_tokens=4, output_tokens=3, complete=True)


@pytest.mark.parametrize(
    "output",
    [GOOD, replace(GOOD, score=0.0), replace(GOOD, text="т" * (128 * MAX_CODE_POINTS_PER_TOKEN))],
)
def test_a_plausible_output_is_accepted(output: Generated) -> None:
    validate_outputs([output, GOOD], 2, 128)


@pytest.mark.parametrize(
    "output",
    [
        replace(GOOD, score=math.nan),
        replace(GOOD, score=-math.inf),
        replace(GOOD, score=5.0),
        replace(GOOD, text="т" * (128 * MAX_CODE_POINTS_PER_TOKEN + 1)),
    ],
)
def test_an_implausible_output_is_rejected(output: Generated) -> None:
    with pytest.raises(EngineError):
        validate_outputs([GOOD, output], 2, 128)


@pytest.mark.parametrize("count", [0, 2])
def test_a_wrong_number_of_outputs_is_rejected(count: int) -> None:
    with pytest.raises(EngineError, match=f"{count} segments went in, 1 came out"):
        validate_outputs([GOOD], count, 128)
