"""Time limits of batches: computed from measurements, at least the setting."""

from __future__ import annotations

import math
import threading
from dataclasses import replace

import pytest

from summsvc.engines.base import Generated
from summsvc.scheduling.batch_size import Budget
from summsvc.scheduling.batching import Batch
from summsvc.scheduling.execution import watchdog as module
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


def test_without_measurements_the_limit_is_the_factor_times_the_minimum() -> None:
    assert Watchdog(THRESHOLD).limit_s(batch()) == 10.0


def test_the_probe_of_a_slow_model_raises_the_limit_of_its_first_batches() -> None:
    slow = Watchdog(THRESHOLD, probe_s=5.0)
    assert slow.limit_s(batch(12, beams=4)) > 10 * 5.0 * 12
    fast = Watchdog(THRESHOLD, probe_s=0.0001)
    assert fast.limit_s(batch()) == THRESHOLD.min_s


def test_short_batches_have_the_minimum_limit() -> None:
    made = measured(batch(), tokens=10, seconds=0.001)
    assert made.limit_s(batch()) == THRESHOLD.min_s


def test_the_limit_allows_for_the_longest_outputs() -> None:
    usual = batch(bound=20)
    made = measured(usual, tokens=20, seconds=2.0)
    assert made.expected_s(usual) == pytest.approx(2.0)
    assert made.limit_s(usual) == pytest.approx(20.0)
    # An output that repeats itself up to the limit that its caller has set.
    assert made.expected_s(batch(bound=1000)) > 2.0 * 40
    # Without a limit in the request, an output may have 128 tokens.
    assert made.expected_s(batch()) > 2.0 * 5


def test_the_limit_allows_for_long_inputs() -> None:
    made = measured(batch(bound=20), tokens=20, seconds=2.0)
    assert made.expected_s(batch(bound=20, tokens=1000)) > 2.0 * 10


def test_more_rows_raise_the_limit_and_fewer_do_not_lower_it() -> None:
    made = measured(batch(8, bound=20), tokens=20, seconds=2.0)
    assert made.expected_s(batch(80, bound=20)) > 2.0 * 5
    assert made.expected_s(batch(8, beams=10, bound=20)) > 2.0 * 4
    # On a GPU, a step with one row takes as long as one with hundreds.
    assert made.expected_s(batch(1, bound=20)) > 2.0 * 0.8


def test_the_limit_follows_changes_of_speed() -> None:
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


async def test_time_in_which_the_process_did_not_run_counts_as_one_slice(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A wait that ends late uses one slice of the limit, no matter how late it ends."""
    waited: list[float] = []

    async def wait_done(_: object, timeout_s: float) -> bool:
        waited.append(timeout_s)
        return False

    monkeypatch.setattr(module, "wait_done", wait_done)
    assert not await completes_within(DaemonThreadPool("t").submit(lambda: 1), 50.0)
    assert waited == [5.0] * 10
