"""What a model has computed, and what it is computing: nothing is done twice."""

from __future__ import annotations

from collections.abc import Hashable

from summsvc.engines.base import Generated
from summsvc.scheduling.cache import OutputCache
from summsvc.scheduling.jobs import Job, WorkItem


class DedupCache:
    """Segments of one model, by everything that their output depends on.

    version: what outputs depend on beside the model. cache: outputs of all models.
    """

    def __init__(self, model: str, version: str, cache: OutputCache) -> None:
        self._model = model
        self.version = version
        self._cache = cache
        self._in_flight: dict[Hashable, WorkItem] = {}

    def key(self, work: Job) -> str:
        """What all segments of a work share in their keys; one string, whose hash is kept."""
        return f"{self._model}@{self.version}:{work.source}>{work.target}:{work.options}"

    def tokens_to_compute(self, work: Job, looked_up: range) -> int:
        """Tokens of a work's segments, each text once.

        Those whose output is known or on its way are left out where they are looked
        up: in the first ``looked_up`` positions, for a book has too many.
        """
        if not work.use_cache:
            return sum(work.tokens)
        key = self.key(work)
        unknown = dict(zip(work.texts, work.tokens, strict=True))
        for i in looked_up:
            full = (key, work.texts[i])
            if full in self._in_flight or self._cache.get(full) is not None:
                unknown.pop(work.texts[i], None)
        return sum(unknown.values())

    def item(self, work: Job, key: str, position: int) -> tuple[WorkItem, bool]:
        """The item of one segment, and whether it costs this request nothing.

        A new item is in flight until ``forget``.
        """
        if not work.use_cache:
            return work.item(position), False
        full = (key, work.texts[position])
        if (shared := self._in_flight.get(full)) is not None:
            return shared, True
        item = work.item(position, full)
        if (known := self._cache.get(full)) is not None:
            item.waiting, item.output = False, known
            return item, True
        self._in_flight[full] = item
        return item, False

    def keep(self, item: WorkItem, output: Generated) -> None:
        """Remember an output."""
        if item.key is not None:
            self._cache.put(item.key, item.text, output)

    def forget(self, item: WorkItem) -> None:
        """The item is no longer in flight."""
        if item.key is not None and self._in_flight.get(item.key) is item:
            del self._in_flight[item.key]
