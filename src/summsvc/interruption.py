"""Work in a thread that ends early when nobody waits for it any more.

A thread cannot be cancelled from outside. So functions that take time linear in a text
call ``checkpoint`` between bounded slices of their work, and whoever runs them in a thread
says with ``interruptible`` when they are to end.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TypeVar

CHECK_INTERVAL = 128
"""Items of a loop over words or matches between two checkpoints: about a millisecond, and
some where each word is stemmed."""

TOGETHER = 512
"""Texts that are handed over in one call between two checkpoints."""

T = TypeVar("T")


class Interrupted(BaseException):
    """The work was ended at a checkpoint; it has no result.

    No Exception: nothing that handles the errors of a text may take it for one.
    """


class _Thread(threading.local):
    unwanted: Callable[[], bool] | None = None


_thread = _Thread()


def checkpoint() -> None:
    """Raise Interrupted when the work of this thread is not wanted any more.

    Does nothing where the work is not ``interruptible``. Costs about a tenth of a
    microsecond: for each segment, block or sentence, not for each character.
    """
    unwanted = _thread.unwanted
    if unwanted is not None and unwanted():
        raise Interrupted


def checked(items: Iterable[T], each: int = CHECK_INTERVAL) -> Iterator[T]:
    """The items, with a checkpoint before the first and after every ``each`` of them."""
    left = 0
    for item in items:
        if not left:
            checkpoint()
            left = each
        left -= 1
        yield item


def grouped(texts: Sequence[str], each: int = TOGETHER) -> Iterator[Sequence[str]]:
    """The texts, so many at a time, with a checkpoint before each group."""
    for at in range(0, len(texts), each):
        checkpoint()
        yield texts[at : at + each]


@contextmanager
def interruptible(unwanted: Callable[[], bool]) -> Iterator[None]:
    """Have checkpoints in this thread ask ``unwanted`` for the length of the block.

    unwanted: asked often, so it has to answer at once; never blocks.
    """
    before = _thread.unwanted
    _thread.unwanted = unwanted
    try:
        yield
    finally:
        _thread.unwanted = before
