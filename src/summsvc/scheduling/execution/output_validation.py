"""Validation of an engine's outputs before other code uses them."""

from __future__ import annotations

import math
from collections.abc import Sequence

from summsvc.engines.base import Generated
from summsvc.errors import EngineError

MAX_CODE_POINTS_PER_TOKEN = 64
"""Code points of text per output token; vocabularies have pieces of about 16 at most."""

SCORE_TOLERANCE = 1e-4
"""Rounding error of a mean log-probability, which is at most 0."""


def validate_outputs(outputs: Sequence[Generated], count: int, max_output_tokens: int) -> None:
    """Raise EngineError unless there are ``count`` plausible outputs.

    An output is plausible if its text is not longer than ``max_output_tokens`` allow, so
    that the checks of an output are bounded too, and its score is a finite number of at
    most 0.
    """
    if len(outputs) != count:
        raise EngineError(f"{count} segments went in, {len(outputs)} came out")
    limit = MAX_CODE_POINTS_PER_TOKEN * max_output_tokens
    for output in outputs:
        if len(output.text) > limit:
            raise EngineError(
                f"the model returned {len(output.text)} code points for a segment, "
                f"more than {max_output_tokens} tokens can have"
            )
        if not math.isfinite(output.score) or output.score > SCORE_TOLERANCE:
            raise EngineError("the model returned a score that is no mean log-probability")
