"""Freed memory goes back to the system once it is much."""

from __future__ import annotations

import sys
from unittest.mock import patch

import pytest

from summsvc.server.runtime import malloc_trim
from summsvc.server.runtime.malloc_trim import MallocTrimmer

BLOCK = 20_000


@pytest.mark.skipif(MallocTrimmer()._glibc is None, reason="the C library is not glibc")
def test_much_that_was_freed_is_given_back_once() -> None:
    kept = MallocTrimmer()
    blocks = [b"x" * BLOCK for _ in range(3 * malloc_trim.MIN_FREED_BYTES // BLOCK)]
    assert not kept.trim(), "all of it is in use"
    between = blocks[::50]
    del blocks
    loose = kept._not_in_use()
    assert kept.trim()
    assert kept._not_in_use() < loose - malloc_trim.MIN_FREED_BYTES
    assert not kept.trim()
    assert all(between)


def test_with_another_c_library_nothing_is_done() -> None:
    with patch.object(sys, "platform", "darwin"):
        kept = MallocTrimmer()
    assert not kept.trim()
