"""Segments that were in a batch that hung: callers who try again must not hang the next one."""

from __future__ import annotations

import hashlib
import time
from collections import OrderedDict
from collections.abc import Iterable, Sequence

from summsvc.scheduling.jobs import WorkItem

MOST = 1024
"""Segments remembered."""

FORGET_S = 600.0
"""Seconds after which a segment is given to the model as any other: others may be at fault."""


class Suspects:
    """Suspected are the segments of a batch that hung, at fault is one that hung alone.

    Keeps digests, no text.
    """

    def __init__(self) -> None:
        self._known: OrderedDict[bytes, tuple[bool, float]] = OrderedDict()

    def note(self, items: Sequence[WorkItem]) -> None:
        """Remember the segments of a batch that hung."""
        for item in items:
            key = _key(item)
            self._known[key] = (len(items) == 1, time.monotonic())
            self._known.move_to_end(key)
        while len(self._known) > MOST:
            self._known.popitem(last=False)

    def clear(self, items: Iterable[WorkItem]) -> None:
        """Forget segments that the model has computed."""
        if self._known:
            for item in items:
                self._known.pop(_key(item), None)

    def at_fault(self, item: WorkItem) -> bool:
        """Whether a segment hung a batch of its own."""
        return bool(self._known) and self._alone(item) is True

    def apart(self, items: tuple[WorkItem, ...]) -> list[tuple[WorkItem, ...]]:
        """The items in batches: each suspected one by itself, the others first and together."""
        if not self._known or len(items) == 1:
            return [items]
        suspected = {item for item in items if self._alone(item) is not None}
        others = tuple(item for item in items if item not in suspected)
        return [each for each in (others, *((item,) for item in suspected)) if each]

    def _alone(self, item: WorkItem) -> bool | None:
        """Whether it hung alone; None for a segment that is not suspected."""
        key = _key(item)
        known = self._known.get(key)
        if known is None:
            return None
        alone, since = known
        if time.monotonic() - since > FORGET_S:
            del self._known[key]
            return None
        return alone


def _key(item: WorkItem) -> bytes:
    """Whatever the options of the search: a call is tried again with others too."""
    source, target, _ = item.kind
    return hashlib.blake2b(f"{source}>{target}:{item.text}".encode(), digest_size=16).digest()
