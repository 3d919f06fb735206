"""ModelService on the wire."""

from __future__ import annotations

import asyncio
import platform
import time
from importlib import metadata
from typing import Any

import summsvc
from summsvc.config import Settings
from summsvc.engines.base import DecodingOptions, Task
from summsvc.languages import registry
from summsvc.models.catalog import Catalog, CatalogEntry
from summsvc.models.routes import Route, Routes
from summsvc.models.store.manifest import Manifest
from summsvc.models.store.snapshot import Installed
from summsvc.scheduling.pool.pool import ModelPool
from summsvc.server.codec.wire import slices
from summsvc.types import MimeType
from summsvc.v1 import article_pb2, model_service_pb2_grpc
from summsvc.v1 import model_service_pb2 as pb

COMPONENTS = ("grpcio", "protobuf", "sentencepiece", "transformers", "ctranslate2", "torch")

_TASKS = {
    Task.TRANSLATION: pb.MODEL_TASK_TRANSLATION,
    Task.SUMMARIZATION: pb.MODEL_TASK_SUMMARIZATION,
}


class ModelServicer(model_service_pb2_grpc.ModelServiceServicer):
    """Tells what there is; never waits for a model."""

    def __init__(
        self, settings: Settings, catalog: Catalog, routes: Routes, pool: ModelPool
    ) -> None:
        self._settings = settings
        self._catalog = catalog
        self._routes = routes
        self._pool = pool
        self._components = _components()
        self._listed: tuple[Installed, bytes] | None = None
        self._started = time.monotonic()

    async def ListModels(self, request: pb.ListModelsRequest, _context: Any) -> Any:
        """Gives bytes: see ``as_sent``."""
        return await asyncio.to_thread(self._list, request)

    def _list(self, request: pb.ListModelsRequest) -> bytes:
        seen = self._routes.store.look()
        facts: dict[str, Manifest | CatalogEntry] = {}
        if not request.installed_only:
            facts |= self._catalog.entries
        facts |= seen.manifests
        for id in seen.ids:
            if id not in facts and (entry := self._catalog.get(id)) is not None:
                facts[id] = entry
        reply = pb.ListModelsResponse()
        for id in sorted({*facts, *seen.ids}):
            known = facts.get(id)
            if known is None:
                # Nothing else is known of it, not even what it is for.
                if request.task == pb.MODEL_TASK_UNSPECIFIED:
                    error = self._pool.status(id).error
                    reply.models.add(id=id, state=pb.MODEL_STATE_FAILED, error=error)
            elif request.task in (pb.MODEL_TASK_UNSPECIFIED, _TASKS[known.task]):
                model = reply.models.add(**self._told(known))
                for pairs in slices(known.pairs):
                    model.language_pairs.extend(_pair(*pair) for pair in pairs)
        return reply.SerializeToString() + self._all_routes(seen)

    def _all_routes(self, seen: Installed) -> bytes:
        """The routes as the end of a reply: messages put behind one another are one message."""
        if self._listed is None or self._listed[0] is not seen:
            parts = [
                pb.ListModelsResponse(routes=map(_route, routes)).SerializeToString()
                for routes in slices(self._routes.all_translations(seen))
            ]
            self._listed = seen, b"".join(parts)
        return self._listed[1]

    async def GetServerInfo(
        self, _request: pb.GetServerInfoRequest, _context: Any
    ) -> pb.GetServerInfoResponse:
        settings = self._settings
        return pb.GetServerInfoResponse(
            version=summsvc.__version__,
            components=self._components,
            limits=_limits(settings),
            languages=registry.current().codes,
            uptime_s=time.monotonic() - self._started,
            mime_types=[kind.value for kind in MimeType],
            default_summary_method=settings.summary_method,
        )

    def _told(self, facts: Manifest | CatalogEntry) -> dict[str, Any]:
        """The fields of a model's message, its languages apart."""
        status = self._pool.status(facts.id)
        return {
            "id": facts.id,
            "task": _TASKS[facts.task],
            "state": pb.ModelState.Value(f"MODEL_STATE_{status.state.name}"),
            "error": status.error,
            "engine": status.engine or (facts.engine if isinstance(facts, Manifest) else ""),
            "device": status.device,
            "compute_type": status.compute_type,
            "license": pb.License(
                spdx_id=facts.license.spdx_id,
                note=facts.license.note,
                non_commercial=facts.license.non_commercial,
            ),
            "size_bytes": facts.size_bytes,
            "repository": facts.source if isinstance(facts, Manifest) else facts.repository,
            "revision": facts.revision,
            "max_input_tokens": status.max_input_tokens,
            "decoding": _decoding(facts.decoding),
        }


def _limits(settings: Settings) -> pb.Limits:
    """Each limit is the setting of its name."""
    return pb.Limits(
        **{name: getattr(settings, name) for name in pb.Limits.DESCRIPTOR.fields_by_name}
    )


def _components() -> dict[str, str]:
    found = {"python": platform.python_version()}
    for name in COMPONENTS:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found


def _pair(source: str, target: str) -> pb.LanguagePair:
    return pb.LanguagePair(source_language_code=source, target_language_code=target)


def _route(route: Route) -> pb.Route:
    pair = _pair(route.languages[0], route.languages[-1])
    return pb.Route(pair=pair, models=route.models, installed=route.installed)


def _decoding(options: DecodingOptions) -> article_pb2.DecodingOptions:
    return article_pb2.DecodingOptions(
        beam_size=options.beam_size,
        length_penalty=options.length_penalty,
        repetition_penalty=options.repetition_penalty,
        no_repeat_ngram_size=options.no_repeat_ngram_size,
    )
