"""Cooperative cancellation of work in threads, at checkpoints in the code.

A thread cannot be cancelled from outside. Therefore functions whose time is linear in the length
of a text call ``checkpoint`` between bounded slices of their work. The code that runs such a
function in a thread passes the condition for its cancellation to ``interruptible``.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TypeVar

CHECK_INTERVAL = 128
"""Items of a loop over words or matches between two checkpoints: about a millisecond, and a few
milliseconds where each word is stemmed."""

SHORT_TEXT = 1024
"""Code points of a text whose words need only one checkpoint: they are about ``CHECK_INTERVAL``."""

TEXTS_PER_CALL = 512
"""Texts that are passed on in one call between two checkpoints."""

T = TypeVar("T")


class Interrupted(BaseException):
    """The work was ended at a checkpoint; it has no result.

    Not an Exception, so that no handler for the errors of a text catches it.
    """


class _Thread(threading.local):
    unwanted: Callable[[], bool] | None = None


_thread = _Thread()


def checkpoint() -> None:
    """Raise Interrupted when the work of this thread is not wanted any more.

    Does nothing outside of ``interruptible``. Costs about a tenth of a microsecond: call it
    for each segment, block or sentence, not for each character.
    """
    unwanted = _thread.unwanted
    if unwanted is not None and unwanted():
        raise Interrupted


def checked(items: Iterable[T], interval: int = CHECK_INTERVAL) -> Iterable[T]:
    """Return the items, with a checkpoint before the first and after every ``interval`` items."""
    if isinstance(items, Collection) and len(items) <= interval:
        # A generator would cost more than the loop over a few items.
        if len(items):
            checkpoint()
        return items
    return _with_checkpoints(items, interval)


def _with_checkpoints(items: Iterable[T], interval: int) -> Iterator[T]:
    left = 0
    for item in items:
        if not left:
            checkpoint()
            left = interval
        left -= 1
        yield item


def checked_matches(pattern: re.Pattern[str], text: str) -> Iterator[re.Match[str]]:
    """Return the matches of a pattern in a text, with checkpoints as in ``checked``.

    A text of at most ``SHORT_TEXT`` code points has one checkpoint, at the call.
    """
    if len(text) > SHORT_TEXT:
        return _with_checkpoints(pattern.finditer(text), CHECK_INTERVAL)
    checkpoint()
    return pattern.finditer(text)


def grouped(texts: Sequence[str], size: int = TEXTS_PER_CALL) -> Iterator[Sequence[str]]:
    """Yield the texts in groups of at most ``size``, with a checkpoint before each group."""
    for start in range(0, len(texts), size):
        checkpoint()
        yield texts[start : start + size]


@contextmanager
def interruptible(unwanted: Callable[[], bool]) -> Iterator[None]:
    """Make the checkpoints of this thread call ``unwanted`` for the duration of the block.

    unwanted: returns True to end the work. It is called often, so it must not block.
    """
    before = _thread.unwanted
    _thread.unwanted = unwanted
    try:
        yield
    finally:
        _thread.unwanted = before
