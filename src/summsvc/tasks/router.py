"""From languages to loaded models, ready to take work."""

from __future__ import annotations

from summsvc.models.routes import Routes
from summsvc.scheduling.pool import ModelPool
from summsvc.scheduling.scheduler import Scheduler
from summsvc.tasks.chain import Leg


class Router:
    """Finds the models for a request and has them loaded."""

    def __init__(self, routes: Routes, pool: ModelPool) -> None:
        self._routes = routes
        self._pool = pool

    async def translation(self, source: str, target: str, model: str) -> list[Leg]:
        """The legs from source to target; one, or two through a pivot language.

        model: id asked for, or "". Raises UnsupportedPairError,
        UnknownModelError, ModelNotInstalledError, ModelBrokenError,
        LoadingError.
        """
        route = self._routes.resolve_translation(source, target, model)
        codes = route.languages
        return [
            Leg(await self._pool.acquire(id), codes[i], codes[i + 1])
            for i, id in enumerate(route.models)
        ]

    async def summarizer(self, language: str, model: str) -> Scheduler:
        """A model that writes summaries in ``language``; raises as ``translation``."""
        return await self._pool.acquire(self._routes.resolve_summarizer(language, model))
