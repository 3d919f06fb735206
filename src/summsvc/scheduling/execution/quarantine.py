"""Quarantine of segments from hung batches, so that a retry does not hang another batch."""

from __future__ import annotations

import hashlib
import time
from collections import OrderedDict
from collections.abc import Iterable, Sequence

from summsvc.scheduling.jobs import WorkItem

MAX_QUARANTINED = 1024
"""Segments in quarantine; the oldest leaves first."""

QUARANTINE_S = 600.0
"""Seconds after which a segment leaves quarantine: another cause of the hang is possible."""


class Quarantine:
    """Segments of hung batches. A segment that hung alone is refused, others run alone.

    Keeps digests of the texts only.
    """

    def __init__(self) -> None:
        # For each segment: whether it hung alone, and when.
        self._entries: OrderedDict[bytes, tuple[bool, float]] = OrderedDict()

    def add(self, items: Sequence[WorkItem]) -> None:
        """Add the segments of a batch that hung."""
        for item in items:
            key = _digest(item)
            self._entries[key] = (len(items) == 1, time.monotonic())
            self._entries.move_to_end(key)
        while len(self._entries) > MAX_QUARANTINED:
            self._entries.popitem(last=False)

    def remove(self, items: Iterable[WorkItem]) -> None:
        """Remove segments that the model has computed."""
        if self._entries:
            for item in items:
                self._entries.pop(_digest(item), None)

    def is_refused(self, item: WorkItem) -> bool:
        """Whether a segment hung in a batch of its own."""
        return bool(self._entries) and self._hung_alone(item) is True

    def isolate(self, items: tuple[WorkItem, ...]) -> list[tuple[WorkItem, ...]]:
        """Split a batch: first the other segments together, then each quarantined one alone."""
        if not self._entries or len(items) == 1:
            return [items]
        quarantined = {item for item in items if self._hung_alone(item) is not None}
        others = tuple(item for item in items if item not in quarantined)
        return [part for part in (others, *((item,) for item in quarantined)) if part]

    def _hung_alone(self, item: WorkItem) -> bool | None:
        """Whether a segment hung alone; None for a segment that is not in quarantine."""
        key = _digest(item)
        entry = self._entries.get(key)
        if entry is None:
            return None
        alone, since = entry
        if time.monotonic() - since > QUARANTINE_S:
            del self._entries[key]
            return None
        return alone


def _digest(item: WorkItem) -> bytes:
    """Digest of languages and text, without decoding options: a retry may change those."""
    source, target, _ = item.batch_key
    return hashlib.blake2b(f"{source}>{target}:{item.text}".encode(), digest_size=16).digest()
