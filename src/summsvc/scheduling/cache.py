"""Output cache of the process, and deduplication of the segments of each model."""

from __future__ import annotations

import hashlib
import sys
from collections import OrderedDict
from collections.abc import Hashable, Sequence

from summsvc.engines.base import Generated
from summsvc.scheduling.jobs import Job, WorkItem

OVERHEAD_BYTES = 500
"""Bytes of a cache entry in addition to its two texts, rounded up; measured on CPython 3.11."""


SPAN_BYTES = 200
"""Bytes of an ``AlignedSpan`` in a tuple, with four numbers of its own; measured likewise."""

KEY_BYTES = 32
"""Bytes of the digest of what the segments of a job share: no collision can be constructed."""


class OutputCache:
    """A cache of outputs with least-recently-used eviction. Not thread-safe.

    max_bytes: limit on the size of all keys and values; 0 disables the cache.
    """

    def __init__(self, max_bytes: int) -> None:
        self.max_bytes = max_bytes
        self.bytes = 0
        self._entries: OrderedDict[Hashable, tuple[Generated, int]] = OrderedDict()

    def get(self, key: Hashable) -> Generated | None:
        """Return the output stored under ``key`` and mark it as the most recently used."""
        entry = self._entries.get(key)
        if entry is None:
            return None
        self._entries.move_to_end(key)
        return entry[0]

    def put(self, key: Hashable, text: str, output: Generated) -> None:
        """Store an output. text: the input text within the key, used to compute the size."""
        size = OVERHEAD_BYTES + sys.getsizeof(text) + sys.getsizeof(output.text)
        size += SPAN_BYTES * len(output.alignment)
        if size > self.max_bytes or key in self._entries:
            return
        self._entries[key] = (output, size)
        self.bytes += size
        while self.bytes > self.max_bytes:
            _, (_, freed) = self._entries.popitem(last=False)
            self.bytes -= freed

    def __len__(self) -> int:
        return len(self._entries)


class DedupCache:
    """Finds segments of one model whose output is cached or being computed.

    version: what outputs depend on in addition to the model id. cache: outputs of all models.
    """

    def __init__(self, model: str, version: str, cache: OutputCache) -> None:
        self._model = model
        self.version = version
        self._cache = cache
        self._in_flight: dict[Hashable, WorkItem] = {}

    def key(self, job: Job) -> bytes:
        """Return the part of the cache key that all segments of a job share.

        A digest: its options may have a whole glossary, and each cached output keeps its key.
        """
        shared = f"{self._model}@{self.version}:{job.source}>{job.target}:{job.options}"
        return hashlib.blake2b(shared.encode(), digest_size=KEY_BYTES).digest()

    def tokens_to_compute(self, job: Job, looked_up: range) -> int:
        """Return the tokens of a job's segments, equal texts counted once.

        Segments whose output is cached or in flight are excluded only at the positions in
        ``looked_up``: looking up all segments of a long article would take too long.
        """
        if not job.use_cache:
            return sum(job.tokens)
        key = self.key(job)
        unknown = dict(zip(job.texts, job.tokens, strict=True))
        for i in looked_up:
            full_key = (key, job.texts[i])
            if full_key in self._in_flight or self._cache.get(full_key) is not None:
                unknown.pop(job.texts[i], None)
        return sum(unknown.values())

    def items(self, job: Job, key: bytes, positions: range) -> list[tuple[WorkItem, bool]]:
        """Return the work items of segments, with True where the job causes no computation.

        A new item is in flight until ``finish`` or ``forget``. key: as returned by ``key``.
        """
        if not job.use_cache:
            return [(job.item(position), False) for position in positions]
        return [self._shared_item(job, key, position) for position in positions]

    def _shared_item(self, job: Job, key: bytes, position: int) -> tuple[WorkItem, bool]:
        full_key = (key, job.texts[position])
        if (in_flight := self._in_flight.get(full_key)) is not None:
            return in_flight, True
        item = job.item(position, full_key)
        if (cached := self._cache.get(full_key)) is not None:
            item.waiting, item.output = False, cached
            return item, True
        self._in_flight[full_key] = item
        return item, False

    def finish(self, items: Sequence[WorkItem]) -> None:
        """Store the outputs of items that may be shared; the items are no longer in flight."""
        for item in items:
            if item.key is not None and item.output is not None:
                self._cache.put(item.key, item.text, item.output)
        self.forget(items)

    def forget(self, items: Sequence[WorkItem]) -> None:
        """Record that items are no longer in flight."""
        for item in items:
            if item.key is not None and self._in_flight.get(item.key) is item:
                del self._in_flight[item.key]
