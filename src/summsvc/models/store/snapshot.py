"""What a look at the store found: every answer about models until the next look."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from summsvc.engines.base import Task
from summsvc.models.catalog import CatalogEntry, Pair
from summsvc.models.store.manifest import Manifest

F = TypeVar("F", Manifest, CatalogEntry)

Served = Mapping[tuple[Task, Pair], Sequence[F]]
"""Models by what they do, for which pair of languages."""


def by_pair(models: Iterable[F]) -> Served[F]:
    """Sort models by the pairs they serve, each pair's in the order given.

    NLLB serves 40,000 pairs: looking through a model's own list takes a millisecond.
    """
    served: dict[tuple[Task, Pair], list[F]] = {}
    for model in models:
        for pair in model.pairs:
            served.setdefault((model.task, pair), []).append(model)
    return served


@dataclass(frozen=True, slots=True, eq=False)
class Installed:
    """The models of one moment. As long as nothing has changed, the store gives the same object.

    ids: of all model folders. manifests: those that can be read, by id. served:
    by pair, the preferred first.
    """

    ids: tuple[str, ...] = ()
    manifests: Mapping[str, Manifest] = field(default_factory=dict)
    served: Served[Manifest] = field(default_factory=dict)

    @staticmethod
    def of(ids: tuple[str, ...], manifests: Mapping[str, Manifest]) -> Installed:
        """Put manifests in their order of preference."""
        ordered = sorted(manifests.values(), key=lambda each: (-each.preference, each.id))
        return Installed(ids, manifests, by_pair(ordered))
