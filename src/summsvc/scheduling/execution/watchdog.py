"""When a batch is taken for hung: it takes many times as long as it could need."""

from __future__ import annotations

import math
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any

from summsvc.engines.base import Generated
from summsvc.scheduling.admission.admission import SMOOTHING
from summsvc.scheduling.execution.threads import returned
from summsvc.scheduling.queue import Batch

STEP_ROWS = 8
"""What a step of a search costs whatever its batch holds, in rows: it reads all weights. A GPU's
steps cost more than that, which is why no batch is expected to take less than the usual one."""

PROBE_STEPS = 4
"""Steps that the probe of a model just loaded counts for. It takes about a dozen: the first
batches, for which nothing else is known, have time for as many times more."""

SLICES = 10
"""A limit is waited for in so many parts. A process that was stopped, or an event loop that was
held up, finds one of them gone when it goes on, and not the whole time of a batch."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How long batches may take.

    factor: times the seconds that a batch is expected to take at most. least_s: seconds
    that any batch may take; 0: no batch is ever taken for hung.
    """

    factor: float = 10.0
    least_s: float = 0.0

    @property
    def unmeasured_s(self) -> float:
        """Seconds for a batch of a model of which nothing is known."""
        return self.factor * self.least_s if self.least_s else math.inf


class Watchdog:
    """Knows of one model how long its batches may take.

    probe_s: how long one short segment took when the model was loaded; 0: unknown.
    """

    def __init__(self, patience: Patience, *, probe_s: float = 0.0) -> None:
        self._patience = patience
        self._batches = 0
        self._seconds, self._steps, self._rows = probe_s, float(PROBE_STEPS), 1.0

    def expected_s(self, batch: Batch) -> float:
        """Seconds a batch takes if its outputs become as long as they may; 0: unknown.

        The measured time of a step, times the steps to the bound of the outputs, and more
        by as much as the batch has more rows than usual.
        """
        bound = batch.items[0].kind[2].max_output_tokens
        wider = (STEP_ROWS + batch.used.sequences) / (STEP_ROWS + self._rows)
        return self._seconds / self._steps * _steps(batch, bound) * max(1.0, wider)

    def limit_s(self, batch: Batch) -> float:
        """Seconds after which a batch is taken for hung."""
        expected_s = self.expected_s(batch)
        if not expected_s or not self._patience.least_s:
            return self._patience.unmeasured_s
        return max(self._patience.least_s, self._patience.factor * expected_s)

    def measured(self, batch: Batch, outputs: Sequence[Generated], seconds: float) -> None:
        """Learn from a batch that went well; averaged as in ``Admission.measured``."""
        self._batches += 1
        weight = max(SMOOTHING, 1 / self._batches)
        steps = _steps(batch, max(output.output_tokens for output in outputs))
        self._seconds += weight * (seconds - self._seconds)
        self._steps += weight * (max(1.0, steps) - self._steps)
        self._rows += weight * (batch.used.sequences - self._rows)


def _steps(batch: Batch, output_tokens: int) -> float:
    """Steps of a search, and reading the input as so many steps more: all tokens at once."""
    return output_tokens + batch.padded_tokens / (STEP_ROWS + batch.used.sequences)


async def in_time(call: Future[Any], limit_s: float) -> bool:
    """Whether a call returns within so many seconds, in which this process really ran."""
    for _ in range(SLICES):
        if await returned(call, limit_s / SLICES):
            return True
    return False
