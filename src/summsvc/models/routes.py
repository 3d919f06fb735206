"""Which models serve which languages."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from summsvc.engines.base import Task
from summsvc.errors import ModelNotInstalledError, UnknownModelError, UnsupportedPairError
from summsvc.models.catalog import Catalog, CatalogEntry, Pair
from summsvc.models.store.manifest import Manifest
from summsvc.models.store.snapshot import Installed, by_pair
from summsvc.models.store.store import Store

Facts = Manifest | CatalogEntry


@dataclass(slots=True)
class _Answers:
    """Routes by source, target and model asked for, as long as the store has seen no change."""

    seen: Installed
    resolved: dict[tuple[str, str, str], Route] = field(default_factory=dict)


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

    Answers from what the store has ``seen``, and remembers them until it sees
    something else: a request costs the same with one model and with a hundred.
    pivot: BCP-47 code of the language between two models, or "" for none.
    defaults: model id by pair ("en-ru") or, for summaries, language ("en"); it
    is taken as if every caller had asked for it.
    """

    def __init__(
        self, catalog: Catalog, store: Store, *, pivot: str, defaults: Mapping[str, str]
    ) -> None:
        self.store = store
        self._catalog = catalog
        self._pivot = pivot
        self._defaults = defaults
        self._known = by_pair(
            sorted(
                catalog.entries.values(),
                key=lambda entry: (entry.license.non_commercial, -entry.preference, entry.id),
            )
        )
        self._answers = _Answers(Installed())

    def resolve_translation(self, source: str, target: str, model: str) -> Route:
        """The route to take from source to target.

        model: id asked for, or "". Raises UnknownModelError,
        UnsupportedPairError, ModelNotInstalledError naming the command that
        installs what is missing.
        """
        seen = self.store.seen
        if seen is not self._answers.seen:
            self._answers = _Answers(seen)
        resolved = self._answers.resolved
        asked = (source, target, model)
        if asked not in resolved:
            resolved[asked] = self._resolve(seen, source, target, model)
        return resolved[asked]

    def _resolve(self, seen: Installed, source: str, target: str, model: str) -> Route:
        pair = (source, target)
        model = model or self._default(pair)
        if model:
            self._check_asked(seen, model, Task.TRANSLATION, pair)
            return Route(pair, (model,), installed=True)
        route = self._best(seen, source, target)
        if route is None:
            raise UnsupportedPairError(
                f"no model translates from '{source}' to '{target}'; "
                "ListModels and `summsvc info` tell the pairs there are",
                field="target_language_code",
                metadata={"source": source, "target": target},
            )
        if not route.installed:
            raise self._not_installed([id for id in route.models if id not in seen.manifests])
        return route

    def resolve_summarizer(self, language: str, model: str) -> str:
        """Id of the model that writes summaries in a language; raises as above."""
        seen = self.store.seen
        pair = (language, language)
        model = model or self._default(pair)
        if model:
            self._check_asked(seen, model, Task.SUMMARIZATION, pair)
            return model
        found = self._direct(seen, Task.SUMMARIZATION, pair)
        if found is None:
            raise UnsupportedPairError(
                f"no model writes summaries in '{language}'; ask for the extractive method",
                field="method",
                metadata={"source": language, "target": language},
            )
        if not isinstance(found, Manifest):
            raise self._not_installed([found.id])
        return found.id

    def all_translations(self, seen: Installed) -> Iterator[Route]:
        """The best route for each pair that some model, or two, can serve, installed or not.

        seen: what the store held. As much work as there are languages squared;
        not for an event loop.
        """
        pairs = [
            pair
            for served in (seen.served, self._known)
            for task, pair in served
            if task is Task.TRANSLATION
        ]
        languages = sorted({code for pair in pairs for code in pair})
        for source in languages:
            for target in languages:
                route = self._best(seen, source, target) if source != target else None
                if route is not None:
                    yield route

    def _best(self, seen: Installed, source: str, target: str) -> Route | None:
        """What is installed before what is not, one model before two.

        Where nothing is installed, the route whose weakest model is preferred.
        """
        stages: list[list[Facts]] = []
        direct = self._direct(seen, Task.TRANSLATION, (source, target))
        if direct is not None:
            stages.append([direct])
        if self._pivot and self._pivot not in (source, target):
            first = self._direct(seen, Task.TRANSLATION, (source, self._pivot))
            second = self._direct(seen, Task.TRANSLATION, (self._pivot, target))
            if first is not None and second is not None:
                stages.append([first, second])
        if not stages:
            return None
        asked = self._default((source, target))

        def rank(models: list[Facts]) -> tuple[bool, bool, bool, int]:
            installed = _installed(models)
            return (
                models[0].id == asked and len(models) == 1,
                installed,
                installed and len(models) == 1,
                min(each.preference for each in models),
            )

        best = max(stages, key=rank)
        return Route(
            (source, target) if len(best) == 1 else (source, self._pivot, target),
            tuple(each.id for each in best),
            _installed(best),
        )

    def _direct(self, seen: Installed, task: Task, pair: Pair) -> Facts | None:
        """The default model where it serves the pair; else what is installed before the rest.

        Installed ones by preference; known ones likewise, non-commercial licences last.
        """
        installed = seen.served.get((task, pair), ())
        default = self._default(pair)
        if installed and not default:
            return installed[0]
        known = self._known.get((task, pair), ())
        able: list[Facts] = [
            *installed,
            *(entry for entry in known if entry.id not in seen.manifests),
        ]
        return next((each for each in able if each.id == default), able[0] if able else None)

    def _default(self, pair: Pair) -> str:
        source, target = pair
        return self._defaults.get(source if source == target else f"{source}-{target}", "")

    def _check_asked(self, seen: Installed, model: str, task: Task, pair: Pair) -> None:
        facts = seen.manifests.get(model) or self._catalog.get(model)
        if facts is None or facts.task is not task:
            raise UnknownModelError(
                f"there is no {task.value} model '{model[:80]}'; ListModels tells those there are",
                field="model",
                metadata={"model": model[:80]},
            )
        served: Mapping[tuple[Task, Pair], Sequence[Facts]]
        served = seen.served if isinstance(facts, Manifest) else self._known
        if all(each is not facts for each in served.get((task, pair), ())):
            raise UnsupportedPairError(
                f"model '{model}' does not serve '{pair[0]}' to '{pair[1]}'",
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


def _installed(models: list[Facts]) -> bool:
    return all(isinstance(each, Manifest) for each in models)
