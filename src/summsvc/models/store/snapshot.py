"""Snapshot of the store: the installed models at one moment, indexed by language pair."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from summsvc.engines.base import Task
from summsvc.models.catalog import CatalogEntry, Pair
from summsvc.models.store.manifest import Manifest

ModelFacts = TypeVar("ModelFacts", Manifest, CatalogEntry)

Served = Mapping[tuple[Task, Pair], Sequence[ModelFacts]]
"""Models by task and language pair."""


def by_pair(models: Iterable[ModelFacts]) -> Served[ModelFacts]:
    """Index models by the pairs they serve, in the given order for each pair.

    NLLB serves 40,000 pairs: a linear search through its pairs would take a millisecond.
    """
    served: dict[tuple[Task, Pair], list[ModelFacts]] = {}
    for model in models:
        for pair in model.pairs:
            served.setdefault((model.task, pair), []).append(model)
    return served


@dataclass(frozen=True, slots=True, eq=False)
class Snapshot:
    """The models in the store at one moment. The store returns the same object until it changes.

    ids: of all model folders. manifests: the readable ones, by id. served: models by task
    and pair, in order of preference.
    """

    ids: tuple[str, ...] = ()
    manifests: Mapping[str, Manifest] = field(default_factory=dict)
    served: Served[Manifest] = field(default_factory=dict)

    @staticmethod
    def of(ids: tuple[str, ...], manifests: Mapping[str, Manifest]) -> Snapshot:
        """Build a snapshot; sorts the manifests by preference."""
        ordered = sorted(manifests.values(), key=lambda each: (-each.preference, each.id))
        return Snapshot(ids, manifests, by_pair(ordered))
