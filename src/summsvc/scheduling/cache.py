"""Outputs kept for reuse, within a bound of bytes."""

from __future__ import annotations

import sys
from collections import OrderedDict
from collections.abc import Hashable

from summsvc.engines.base import Generated

OVERHEAD_BYTES = 500
"""What an entry takes beside its two texts, rounded up: measured on CPython 3.11."""


class OutputCache:
    """Least recently used outputs leave first. For one event loop, not for threads.

    max_bytes: bound on keys and values together; 0 keeps nothing.
    """

    def __init__(self, max_bytes: int) -> None:
        self.max_bytes = max_bytes
        self.bytes = 0
        self._entries: OrderedDict[Hashable, tuple[Generated, int]] = OrderedDict()

    def get(self, key: Hashable) -> Generated | None:
        """The output kept under ``key``, now the most recently used."""
        entry = self._entries.get(key)
        if entry is None:
            return None
        self._entries.move_to_end(key)
        return entry[0]

    def put(self, key: Hashable, text: str, output: Generated) -> None:
        """Keep an output; ``text`` is the input within the key, for its size."""
        size = OVERHEAD_BYTES + sys.getsizeof(text) + sys.getsizeof(output.text)
        if size > self.max_bytes or key in self._entries:
            return
        self._entries[key] = (output, size)
        self.bytes += size
        while self.bytes > self.max_bytes:
            _, (_, freed) = self._entries.popitem(last=False)
            self.bytes -= freed

    def __len__(self) -> int:
        return len(self._entries)
