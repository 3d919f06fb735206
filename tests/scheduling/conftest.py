"""Fixtures of the scheduling tests."""

from __future__ import annotations

import math

import pytest

from summsvc.scheduling.batching import Batch
from summsvc.scheduling.execution.watchdog import Watchdog
from tests.scheduling.reversing import ReversingEngine


@pytest.fixture
def engine() -> ReversingEngine:
    return ReversingEngine()


@pytest.fixture
def short_hang_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Batches that stall exceed their limit soon, and no other batch does."""

    def limit_s(_: Watchdog, batch: Batch) -> float:
        stalls = any("stall" in item.text.split() for item in batch.items)
        return 0.05 if stalls else math.inf

    monkeypatch.setattr(Watchdog, "limit_s", limit_s)
