"""Freed memory goes back to the system once it is much."""

from __future__ import annotations

import sys
from unittest.mock import patch

import pytest

from summsvc.server.runtime import heap
from summsvc.server.runtime.heap import Heap

BLOCK = 20_000


@pytest.mark.skipif(Heap()._glibc is None, reason="the C library is not glibc")
def test_much_that_was_freed_is_given_back_once() -> None:
    kept = Heap()
    blocks = [b"x" * BLOCK for _ in range(3 * heap.WORTH_IT // BLOCK)]
    assert not kept.give_back(), "all of it is in use"
    between = blocks[::50]
    del blocks
    loose = kept._not_in_use()
    assert kept.give_back()
    assert kept._not_in_use() < loose - heap.WORTH_IT
    assert not kept.give_back()
    assert all(between)


def test_with_another_c_library_nothing_is_done() -> None:
    with patch.object(sys, "platform", "darwin"):
        kept = Heap()
    assert not kept.give_back()
