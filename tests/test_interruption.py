"""Work that ends at a checkpoint when nobody wants it any more."""

from __future__ import annotations

import threading

import pytest

from summsvc.interruption import CHECK_INTERVAL, Interrupted, checked, checkpoint, interruptible


def test_a_checkpoint_does_nothing_unless_the_work_is_interruptible() -> None:
    checkpoint()
    with interruptible(lambda: False):
        checkpoint()


def test_a_checkpoint_ends_work_that_is_not_wanted() -> None:
    with pytest.raises(Interrupted), interruptible(lambda: True):
        checkpoint()
    checkpoint()


def test_what_handles_the_errors_of_a_text_does_not_handle_an_interruption() -> None:
    assert not issubclass(Interrupted, Exception)


def test_the_inner_block_decides_and_the_outer_one_again_after_it() -> None:
    with interruptible(lambda: True):
        with interruptible(lambda: False):
            checkpoint()
        with pytest.raises(Interrupted):
            checkpoint()


def test_another_thread_is_not_concerned() -> None:
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
def test_items_are_checked_before_the_first_and_then_a_bounded_number_apart(
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
