"""How long a batch may take: by what was measured, never less than the setting."""

from __future__ import annotations

import math
import threading
from dataclasses import replace

import pytest

from summsvc.engines.base import Generated
from summsvc.scheduling.batching import Batch
from summsvc.scheduling.execution import watchdog as module
from summsvc.scheduling.execution.batch_size import Budget
from summsvc.scheduling.execution.threads import DaemonThreadPool
from summsvc.scheduling.execution.watchdog import HangThreshold, Watchdog, completes_within
from tests.scheduling.reversing import OPTIONS, work

THRESHOLD = HangThreshold(factor=10.0, min_s=1.0)


def batch(segments: int = 4, *, tokens: int = 10, beams: int = 1, bound: int = 0) -> Batch:
    options = replace(OPTIONS, beam_size=beams, max_output_tokens=bound)
    asked = work([" ".join(["word"] * tokens)] * segments, options=options)
    return Batch(tuple(asked.item(i) for i in range(segments)), Budget(1000, 1000))


def outputs(given: Batch, tokens: int) -> list[Generated]:
    return [Generated("out", -0.5, item.tokens, tokens, complete=True) for item in given.items]


def measured(given: Batch, *, tokens: int, seconds: float) -> Watchdog:
    made = Watchdog(THRESHOLD)
    made.record_batch(given, outputs(given, tokens), seconds)
    return made


def test_a_batch_is_never_hung_when_the_watchdog_is_off() -> None:
    made = Watchdog(HangThreshold(factor=10.0, min_s=0.0), probe_s=1.0)
    assert made.limit_s(batch()) == math.inf


def test_nothing_measured_takes_the_factor_times_the_least() -> None:
    assert Watchdog(THRESHOLD).limit_s(batch()) == 10.0


def test_the_probe_of_a_slow_model_gives_its_first_batches_time() -> None:
    slow = Watchdog(THRESHOLD, probe_s=5.0)
    assert slow.limit_s(batch(12, beams=4)) > 10 * 5.0 * 12
    fast = Watchdog(THRESHOLD, probe_s=0.0001)
    assert fast.limit_s(batch()) == THRESHOLD.min_s


def test_short_batches_have_the_least_time() -> None:
    made = measured(batch(), tokens=10, seconds=0.001)
    assert made.limit_s(batch()) == THRESHOLD.min_s


def test_time_is_given_for_outputs_of_their_greatest_length() -> None:
    usual = batch(bound=20)
    made = measured(usual, tokens=20, seconds=2.0)
    assert made.expected_s(usual) == pytest.approx(2.0)
    assert made.limit_s(usual) == pytest.approx(20.0)
    # An output that loops to its bound, whatever the caller set it to.
    assert made.expected_s(batch(bound=1000)) > 2.0 * 40
    # By itself a segment may take 128 tokens.
    assert made.expected_s(batch()) > 2.0 * 5


def test_time_is_given_for_long_inputs() -> None:
    made = measured(batch(bound=20), tokens=20, seconds=2.0)
    assert made.expected_s(batch(bound=20, tokens=1000)) > 2.0 * 10


def test_wider_batches_and_more_beams_take_longer_narrow_ones_as_long_as_usual() -> None:
    made = measured(batch(8, bound=20), tokens=20, seconds=2.0)
    assert made.expected_s(batch(80, bound=20)) > 2.0 * 5
    assert made.expected_s(batch(8, beams=10, bound=20)) > 2.0 * 4
    # On a GPU a step of one row takes as long as one of hundreds.
    assert made.expected_s(batch(1, bound=20)) > 2.0 * 0.8


def test_the_limit_follows_the_machine() -> None:
    usual = batch(bound=20)
    made = measured(usual, tokens=20, seconds=2.0)
    for _ in range(30):
        made.record_batch(usual, outputs(usual, 20), 20.0)
    assert made.expected_s(usual) == pytest.approx(20.0, rel=0.1)


async def test_a_call_in_time_is_not_hung() -> None:
    threads = DaemonThreadPool("t")
    assert await completes_within(threads.submit(lambda: 1), 60.0)
    go = threading.Event()
    held = threads.submit(lambda: go.wait(30))
    assert not await completes_within(held, 0.05)
    go.set()
    assert await completes_within(held, math.inf)
    threads.shutdown()


async def test_time_in_which_the_process_did_not_run_counts_little(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A wait that ends late has used up one part of the limit, however late it was."""
    waited: list[float] = []

    async def wait_done(_: object, timeout_s: float) -> bool:
        waited.append(timeout_s)
        return False

    monkeypatch.setattr(module, "wait_done", wait_done)
    assert not await completes_within(DaemonThreadPool("t").submit(lambda: 1), 50.0)
    assert waited == [5.0] * 10
