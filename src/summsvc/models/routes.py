"""Which models serve which languages."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from summsvc.engines.base import Task
from summsvc.errors import ModelNotInstalledError, UnknownModelError, UnsupportedPairError
from summsvc.models.catalog import Catalog, CatalogEntry, Pair
from summsvc.models.manifest import Manifest
from summsvc.models.store import Store


@dataclass(frozen=True, slots=True)
class Route:
    """From one language to another: the models in order, and the languages between them.

    languages: one more than there are models. installed: whether all are.
    """

    languages: tuple[str, ...]
    models: tuple[str, ...]
    installed: bool


class Routes:
    """Looks for models in the store first, then in the catalog.

    pivot: BCP-47 code of the language between two models, or "" for none.
    defaults: model id by pair ("en-ru") or, for summaries, language ("en").
    """

    def __init__(
        self, catalog: Catalog, store: Store, *, pivot: str, defaults: Mapping[str, str]
    ) -> None:
        self._catalog = catalog
        self._store = store
        self._pivot = pivot
        self._defaults = defaults

    def resolve_translation(self, source: str, target: str, model: str) -> Route:
        """The route to take from source to target.

        model: id asked for, or "". Raises UnknownModelError,
        UnsupportedPairError, ModelNotInstalledError naming the command that
        installs what is missing.
        """
        pair = (source, target)
        if model:
            self._check_asked(model, Task.TRANSLATION, pair)
            return Route(pair, (model,), installed=True)
        route = self.translation(source, target)
        if route is None:
            raise UnsupportedPairError(
                f"no model translates from '{source}' to '{target}'; "
                "ListModels and `summsvc info` tell the pairs there are",
                field="target_language_code",
                metadata={"source": source, "target": target},
            )
        if not route.installed:
            missing = [id for id in route.models if self._store.get(id) is None]
            raise self._not_installed(missing)
        return route

    def resolve_summarizer(self, language: str, model: str) -> str:
        """Id of the model that writes summaries in a language; raises as above."""
        pair = (language, language)
        if model:
            self._check_asked(model, Task.SUMMARIZATION, pair)
            return model
        found = self._direct(pair, Task.SUMMARIZATION, self._defaults.get(language, ""))
        if found is None:
            raise UnsupportedPairError(
                f"no model writes summaries in '{language}'; ask for the extractive method",
                field="method",
                metadata={"source": language, "target": language},
            )
        if self._store.get(found) is None:
            raise self._not_installed([found])
        return found

    def translation(self, source: str, target: str) -> Route | None:
        """The best route there is, installed or not; None when there is none."""
        direct = self._direct(
            (source, target), Task.TRANSLATION, self._defaults.get(f"{source}-{target}", "")
        )
        if direct is not None and self._store.get(direct) is not None:
            return Route((source, target), (direct,), installed=True)
        if self._pivot and self._pivot not in (source, target):
            legs = (
                self._direct((source, self._pivot), Task.TRANSLATION, ""),
                self._direct((self._pivot, target), Task.TRANSLATION, ""),
            )
            if all(legs):
                ids = tuple(id for id in legs if id)
                installed = all(self._store.get(id) is not None for id in ids)
                if installed or direct is None:
                    return Route((source, self._pivot, target), ids, installed)
        if direct is None:
            return None
        return Route((source, target), (direct,), installed=False)

    def all_translations(self) -> Iterator[Route]:
        """The best route for each pair that some model, or two, can serve."""
        languages = sorted(
            {
                code
                for facts in self._candidates(Task.TRANSLATION)
                for pair in facts.pairs
                for code in pair
            }
        )
        for source in languages:
            for target in languages:
                route = self.translation(source, target) if source != target else None
                if route is not None:
                    yield route

    def _candidates(self, task: Task) -> list[Manifest | CatalogEntry]:
        """Installed models, then known ones, each by preference."""
        installed = [manifest for manifest in self._store.installed() if manifest.task is task]
        ids = {manifest.id for manifest in installed}
        known = [
            entry
            for entry in self._catalog.entries.values()
            if entry.task is task and entry.id not in ids
        ]
        return [
            *sorted(installed, key=lambda facts: (-facts.preference, facts.id)),
            *sorted(known, key=lambda facts: (-facts.preference, facts.id)),
        ]

    def _direct(self, pair: Pair, task: Task, default: str) -> str | None:
        candidates = [facts for facts in self._candidates(task) if pair in facts.pairs]
        ids = [facts.id for facts in candidates]
        return default if default in ids else next(iter(ids), None)

    def _check_asked(self, model: str, task: Task, pair: Pair) -> None:
        facts = self._store.get(model) or self._catalog.get(model)
        if facts is None or facts.task is not task:
            raise UnknownModelError(
                f"there is no {task.value} model '{model[:80]}'; ListModels tells those there are",
                field="model",
                metadata={"model": model[:80]},
            )
        if pair not in facts.pairs:
            raise UnsupportedPairError(
                f"model '{model}' does not serve '{pair[0]}' to '{pair[1]}'",
                field="model",
                metadata={"model": model, "source": pair[0], "target": pair[1]},
            )
        if self._store.get(model) is None:
            raise self._not_installed([model])

    def _not_installed(self, ids: list[str]) -> ModelNotInstalledError:
        names = " ".join(ids)
        return ModelNotInstalledError(
            f"not installed here: {names}; install with: summsvc models pull {names}",
            metadata={"models": names, "command": f"summsvc models pull {names}"},
        )
