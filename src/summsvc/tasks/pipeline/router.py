"""From languages to loaded models, ready to take work."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from summsvc.errors import InvalidInputError, ModelUnavailableError
from summsvc.models.routes import Routes
from summsvc.scheduling.pool.pool import ModelPool
from summsvc.scheduling.scheduler import Scheduler
from summsvc.tasks.pipeline.stage import Stage

R = TypeVar("R")


class Router:
    """Finds the models for a request and has them loaded.

    What a look at the store a second ago does not allow is refused only after
    another: a model just installed is found.
    """

    def __init__(self, routes: Routes, pool: ModelPool) -> None:
        self._routes = routes
        self._pool = pool

    async def translation(self, source: str, target: str, model: str) -> list[Stage]:
        """The legs from source to target; one, or two through a pivot language.

        model: id asked for, or "". Raises UnsupportedPairError,
        UnknownModelError, ModelNotInstalledError, ModelBrokenError,
        LoadingError.
        """

        async def stages() -> list[Stage]:
            route = self._routes.resolve_translation(source, target, model)
            codes = route.languages
            return [
                Stage(await self._pool.acquire(id), codes[i], codes[i + 1])
                for i, id in enumerate(route.models)
            ]

        return await self._surely(stages)

    async def summarizer(self, language: str, model: str, *, surely: bool = True) -> Scheduler:
        """A model that writes summaries in ``language``; raises as ``translation``.

        surely: False for a caller who can do without; the store is not looked at.
        """

        async def writer() -> Scheduler:
            return await self._pool.acquire(self._routes.resolve_summarizer(language, model))

        return await (self._surely(writer) if surely else writer())

    async def _surely(self, find: Callable[[], Awaitable[R]]) -> R:
        store = self._routes.store
        seen = store.snapshot
        try:
            return await find()
        except (InvalidInputError, ModelUnavailableError):
            if await asyncio.to_thread(store.refresh) is seen:
                raise
            return await find()
