"""Cooperative cancellation at checkpoints."""

from __future__ import annotations

import threading

import pytest

from summsvc.interruption import CHECK_INTERVAL, Interrupted, checked, checkpoint, interruptible


def test_a_checkpoint_does_nothing_unless_the_work_is_interruptible() -> None:
    checkpoint()
    with interruptible(lambda: False):
        checkpoint()


def test_a_checkpoint_ends_unwanted_work() -> None:
    with pytest.raises(Interrupted), interruptible(lambda: True):
        checkpoint()
    checkpoint()


def test_handlers_of_exception_do_not_catch_an_interruption() -> None:
    assert not issubclass(Interrupted, Exception)


def test_the_innermost_block_applies() -> None:
    with interruptible(lambda: True):
        with interruptible(lambda: False):
            checkpoint()
        with pytest.raises(Interrupted):
            checkpoint()


def test_other_threads_are_not_affected() -> None:
    ended: list[bool] = []

    def work() -> None:
        checkpoint()
        ended.append(True)

    with interruptible(lambda: True):
        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
    assert ended == [True]


@pytest.mark.parametrize(
    ("count", "times"),
    [(0, 0), (1, 1), (CHECK_INTERVAL, 1), (CHECK_INTERVAL + 1, 2), (3 * CHECK_INTERVAL, 3)],
)
def test_checkpoints_are_before_the_first_item_and_after_each_interval(
    count: int, times: int
) -> None:
    asked = 0

    def unwanted() -> bool:
        nonlocal asked
        asked += 1
        return False

    with interruptible(unwanted):
        assert list(checked(range(count))) == list(range(count))
    assert asked == times
