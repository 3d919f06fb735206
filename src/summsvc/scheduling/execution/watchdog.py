"""Hang detection: the time after which a batch counts as hung."""

from __future__ import annotations

import math
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

from summsvc.engines.base import Generated
from summsvc.scheduling.admission.admission import SMOOTHING
from summsvc.scheduling.batching import Batch
from summsvc.scheduling.execution.threads import wait_done
from summsvc.time_limits import holds_within

R = TypeVar("R")

STEP_OVERHEAD_ROWS = 8
"""Fixed cost of a decoding step, in rows: a step reads all weights. Steps of a GPU cost more than
that, so no batch is expected to take less time than the usual one."""

PROBE_STEPS = 4
"""Decoding steps that the probe of a newly loaded model counts for. The probe takes about a dozen:
so the first batches, before anything is measured, get that much more time."""


@dataclass(frozen=True, slots=True)
class HangThreshold:
    """When a batch counts as hung.

    factor: multiple of the longest time that the batch is expected to take. min_s: seconds
    that any batch may take; 0 disables hang detection.
    """

    factor: float = 10.0
    min_s: float = 0.0

    @property
    def unmeasured_s(self) -> float:
        """Time limit in seconds for a batch of a model without measurements."""
        return self.factor * self.min_s if self.min_s else math.inf


class Watchdog:
    """Computes the time limit of each batch of one model.

    probe_s: seconds that one short segment took when the model was loaded; 0: unknown.
    """

    def __init__(self, threshold: HangThreshold, *, probe_s: float = 0.0) -> None:
        self._threshold = threshold
        self._batches = 0
        self._seconds, self._steps, self._rows = probe_s, float(PROBE_STEPS), 1.0

    def expected_s(self, batch: Batch) -> float:
        """Return the seconds a batch takes if its outputs reach their limit; 0: unknown.

        The measured time of a decoding step, times the steps up to the output limit, times the
        ratio of the batch's rows to the usual number of rows where that is above 1.
        """
        output_limit = batch.items[0].batch_key.options.max_output_tokens
        rows = STEP_OVERHEAD_ROWS + batch.used.sequences
        row_ratio = rows / (STEP_OVERHEAD_ROWS + self._rows)
        return self._seconds / self._steps * _steps(batch, output_limit) * max(1.0, row_ratio)

    def limit_s(self, batch: Batch) -> float:
        """Return the seconds after which a batch counts as hung."""
        expected_s = self.expected_s(batch)
        if not expected_s or not self._threshold.min_s:
            return self._threshold.unmeasured_s
        return max(self._threshold.min_s, self._threshold.factor * expected_s)

    def record_batch(self, batch: Batch, outputs: Sequence[Generated], seconds: float) -> None:
        """Update the averages with a successful batch, as ``Admission.record_batch`` does."""
        self._batches += 1
        weight = max(SMOOTHING, 1 / self._batches)
        steps = _steps(batch, max(output.output_tokens for output in outputs))
        self._seconds += weight * (seconds - self._seconds)
        self._steps += weight * (max(1.0, steps) - self._steps)
        self._rows += weight * (batch.used.sequences - self._rows)


def _steps(batch: Batch, output_tokens: int) -> float:
    """Return the decoding steps of a batch, with the encoding of its input counted as steps."""
    return output_tokens + batch.padded_tokens / (STEP_OVERHEAD_ROWS + batch.used.sequences)


async def completes_within(call: Future[R], limit_s: float) -> bool:
    """Wait for a call. Returns False when it is not done after ``limit_s`` seconds.

    Time in which this process did not run counts for at most one slice of the limit.
    """
    return await holds_within(partial(wait_done, call), limit_s)
