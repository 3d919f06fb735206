"""Freed heap memory is returned to the system once it is enough."""

from __future__ import annotations

import sys
from unittest.mock import patch

import pytest

from summsvc.server.runtime import malloc_trim
from summsvc.server.runtime.malloc_trim import MallocTrimmer

BLOCK = 20_000


@pytest.mark.skipif(MallocTrimmer()._glibc is None, reason="the C library is not glibc")
def test_much_freed_memory_is_trimmed_once() -> None:
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


def test_other_c_libraries_are_not_trimmed() -> None:
    with patch.object(sys, "platform", "darwin"):
        kept = MallocTrimmer()
    assert not kept.trim()
