"""Selection of the models for a request by its languages, loaded and ready for work."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

from summsvc.errors import InvalidInputError, ModelUnavailableError
from summsvc.models.routes import Routes
from summsvc.scheduling.pool.pool import ModelPool
from summsvc.scheduling.scheduler import Scheduler
from summsvc.tasks.pipeline.stage import Stage
from summsvc.types import Warning, WarningType

R = TypeVar("R")


class Router:
    """Selects the models for a request and loads them. A request is one task.

    A request is rejected only after the store was refreshed: a model that was installed a
    moment ago is found.
    """

    def __init__(self, routes: Routes, pool: ModelPool) -> None:
        self._routes = routes
        self._pool = pool

    async def translation(self, source: str, target: str, model: str) -> list[Stage]:
        """The stages from source to target: one, or two through a pivot language.

        model: the requested id, or "" for any. Raises UnsupportedPairError,
        UnknownModelError, ModelNotInstalledError, ModelBrokenError,
        LoadingError.
        """

        async def stages() -> list[Stage]:
            route = self._routes.resolve_translation(source, target, model)
            codes = route.languages
            return [
                Stage(await self._acquire(id), codes[i], codes[i + 1])
                for i, id in enumerate(route.models)
            ]

        return await self._refreshed(stages)

    async def summarizer(self, language: str, model: str, *, refresh: bool = True) -> Scheduler:
        """A model that writes summaries in ``language``; raises as ``translation``.

        refresh: whether to refresh the store before raising.
        """

        async def writer() -> Scheduler:
            return await self._acquire(self._routes.resolve_summarizer(language, model))

        return await (self._refreshed(writer) if refresh else writer())

    async def _acquire(self, model: str) -> Scheduler:
        """Return the scheduler of a model, which is not unloaded before the current task ends."""
        scheduler = await self._pool.acquire(model)
        scheduler.keep_for_task()
        return scheduler

    async def _refreshed(self, find: Callable[[], Awaitable[R]]) -> R:
        store = self._routes.store
        seen = store.snapshot
        try:
            return await find()
        except (InvalidInputError, ModelUnavailableError):
            if await asyncio.to_thread(store.refresh) is seen:
                raise
            return await find()


def pivot_warning(stages: Sequence[Stage]) -> list[Warning]:
    """A warning where a text is translated through another language, else none."""
    if len(stages) == 1:
        return []
    first, last = stages[0], stages[-1]
    return [
        Warning(
            WarningType.PIVOT,
            f"no model from '{first.source}' to '{last.target}' is installed; "
            f"the text went through '{first.target}'",
        )
    ]
