"""Routes: selects the model, or the two models, that serve a language pair."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from summsvc.engines.base import Task
from summsvc.errors import (
    ModelNotInstalledError,
    SummsvcError,
    UnknownModelError,
    UnsupportedPairError,
)
from summsvc.models.catalog import Catalog, CatalogEntry, Pair
from summsvc.models.store.manifest import Manifest
from summsvc.models.store.snapshot import Snapshot, by_pair
from summsvc.models.store.store import Store

Facts = Manifest | CatalogEntry


@dataclass(slots=True)
class _RouteCache:
    """Resolved routes by (source, target, requested model), valid for one store snapshot."""

    snapshot: Snapshot
    resolved: dict[tuple[str, str, str], Route] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Route:
    """The models from a source to a target language in order, and the languages along the way.

    languages: one more than there are models. installed: whether all models are installed.
    """

    languages: tuple[str, ...]
    models: tuple[str, ...]
    installed: bool


class Routes:
    """Selects models from the store first, then from the catalog.

    Uses the store's current ``snapshot`` and caches results until the snapshot changes, so the
    cost of a request does not depend on the number of models.

    pivot: BCP-47 code of the language between two models, or "" for none. defaults: model id
    by pair ("en-ru") or, for summaries, by language ("en"); used as if every client had
    requested it.
    """

    def __init__(
        self, catalog: Catalog, store: Store, *, pivot: str, defaults: Mapping[str, str]
    ) -> None:
        self.store = store
        self._catalog = catalog
        self._pivot = pivot
        self._defaults = defaults
        self._catalog_by_pair = by_pair(
            sorted(
                catalog.entries.values(),
                key=lambda entry: (entry.license.non_commercial, -entry.preference, entry.id),
            )
        )
        self._cache = _RouteCache(Snapshot())

    def resolve_translation(self, source: str, target: str, model: str) -> Route:
        """The route for a translation from source to target.

        model: the requested id, or "". Raises UnknownModelError, UnsupportedPairError, and
        ModelNotInstalledError with the command that installs the missing models.
        """
        snapshot = self.store.snapshot
        if snapshot is not self._cache.snapshot:
            self._cache = _RouteCache(snapshot)
        resolved = self._cache.resolved
        key = (source, target, model)
        if key not in resolved:
            resolved[key] = self._resolve(snapshot, source, target, model)
        return resolved[key]

    def _resolve(self, snapshot: Snapshot, source: str, target: str, model: str) -> Route:
        pair = (source, target)
        model = model or self._default_model(pair)
        if model:
            self._validate_model(snapshot, model, Task.TRANSLATION, pair)
            return Route(pair, (model,), installed=True)
        route = self._best_route(snapshot, source, target)
        if route is None:
            raise UnsupportedPairError(
                f"no model translates from '{source}' to '{target}'; "
                "ListModels and `summsvc info` list the supported pairs",
                field="target_language_code",
                metadata={"source": source, "target": target},
            )
        if not route.installed:
            raise self._not_installed([id for id in route.models if id not in snapshot.manifests])
        return route

    def resolve_summarizer(self, language: str, model: str) -> str:
        """Id of the model that writes summaries in a language.

        Raises the errors of ``resolve_translation``.
        """
        snapshot = self.store.snapshot
        pair = (language, language)
        model = model or self._default_model(pair)
        if model:
            self._validate_model(snapshot, model, Task.SUMMARIZATION, pair)
            return model
        found = self._direct_model(snapshot, Task.SUMMARIZATION, pair)
        if found is None:
            raise UnsupportedPairError(
                f"no model writes summaries in '{language}'; request the extractive method",
                field="method",
                metadata={"source": language, "target": language},
            )
        if not isinstance(found, Manifest):
            raise self._not_installed([found.id])
        return found.id

    def unusable_defaults(self) -> Iterator[tuple[str, SummsvcError]]:
        """Yield the default models that cannot be used now: their key, and the reason."""
        for key, model in self._defaults.items():
            source, _, target = key.partition("-")
            task = Task.TRANSLATION if target else Task.SUMMARIZATION
            try:
                self._validate_model(self.store.snapshot, model, task, (source, target or source))
            except SummsvcError as error:
                yield key, error

    def all_translations(self, snapshot: Snapshot) -> Iterator[Route]:
        """Yield the best route of each pair that one or two models can serve, installed or not.

        Takes time quadratic in the number of languages; do not call it on an event loop.
        """
        pairs = [
            pair
            for served in (snapshot.served, self._catalog_by_pair)
            for task, pair in served
            if task is Task.TRANSLATION
        ]
        languages = sorted({code for pair in pairs for code in pair})
        for source in languages:
            for target in languages:
                route = self._best_route(snapshot, source, target) if source != target else None
                if route is not None:
                    yield route

    def _best_route(self, snapshot: Snapshot, source: str, target: str) -> Route | None:
        """Prefer installed models, then routes with one model.

        When no route is installed, take the one whose least preferred model is preferred most.
        """
        stages: list[list[Facts]] = []
        direct = self._direct_model(snapshot, Task.TRANSLATION, (source, target))
        if direct is not None:
            stages.append([direct])
        if self._pivot and self._pivot not in (source, target):
            first = self._direct_model(snapshot, Task.TRANSLATION, (source, self._pivot))
            second = self._direct_model(snapshot, Task.TRANSLATION, (self._pivot, target))
            if first is not None and second is not None:
                stages.append([first, second])
        if not stages:
            return None
        default = self._default_model((source, target))

        def rank(models: list[Facts]) -> tuple[bool, bool, bool, int]:
            installed = _all_installed(models)
            return (
                models[0].id == default and len(models) == 1,
                installed,
                installed and len(models) == 1,
                min(each.preference for each in models),
            )

        best = max(stages, key=rank)
        return Route(
            (source, target) if len(best) == 1 else (source, self._pivot, target),
            tuple(each.id for each in best),
            _all_installed(best),
        )

    def _direct_model(self, snapshot: Snapshot, task: Task, pair: Pair) -> Facts | None:
        """The default model if it serves the pair; otherwise an installed one before others.

        Installed models are ordered by preference; catalog models likewise, with non-commercial
        licences last.
        """
        installed = snapshot.served.get((task, pair), ())
        default = self._default_model(pair)
        if installed and not default:
            return installed[0]
        known = self._catalog_by_pair.get((task, pair), ())
        able: list[Facts] = [
            *installed,
            *(entry for entry in known if entry.id not in snapshot.manifests),
        ]
        return next((each for each in able if each.id == default), able[0] if able else None)

    def _default_model(self, pair: Pair) -> str:
        source, target = pair
        return self._defaults.get(source if source == target else f"{source}-{target}", "")

    def _validate_model(self, snapshot: Snapshot, model: str, task: Task, pair: Pair) -> None:
        facts = snapshot.manifests.get(model) or self._catalog.get(model)
        if facts is None or facts.task is not task:
            raise UnknownModelError(
                f"there is no {task.value} model '{model[:80]}'; ListModels lists all models",
                field="model",
                metadata={"model": model[:80]},
            )
        served: Mapping[tuple[Task, Pair], Sequence[Facts]]
        served = snapshot.served if isinstance(facts, Manifest) else self._catalog_by_pair
        if all(each is not facts for each in served.get((task, pair), ())):
            raise UnsupportedPairError(
                f"model '{model}' does not serve '{pair[0]}' to '{pair[1]}'; ListModels and "
                "`summsvc info` list the pairs of each model",
                field="model",
                metadata={"model": model, "source": pair[0], "target": pair[1]},
            )
        if not isinstance(facts, Manifest):
            raise self._not_installed([model])

    def _not_installed(self, ids: list[str]) -> ModelNotInstalledError:
        names = " ".join(ids)
        return ModelNotInstalledError(
            f"not installed here: {names}; install with: summsvc models pull {names}",
            metadata={"models": names, "command": f"summsvc models pull {names}"},
        )


def _all_installed(models: list[Facts]) -> bool:
    return all(isinstance(each, Manifest) for each in models)
