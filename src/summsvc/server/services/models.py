"""gRPC servicer of ModelService: lists models and routes, reports versions and limits."""

from __future__ import annotations

import asyncio
import platform
import time
from importlib import metadata

import summsvc
from summsvc.config import Settings
from summsvc.engines.base import DecodingOptions, Task
from summsvc.languages import registry
from summsvc.models.catalog import Catalog, CatalogEntry
from summsvc.models.routes import Route, Routes
from summsvc.models.store.manifest import Manifest
from summsvc.models.store.snapshot import Snapshot
from summsvc.scheduling.fairness.callers import Caller
from summsvc.scheduling.pool.pool import ModelPool
from summsvc.server.codec.wire_format import chunked
from summsvc.server.transport.callers import current_caller
from summsvc.server.transport.handlers import Context
from summsvc.types import MimeType
from summsvc.v1 import article_pb2, model_service_pb2_grpc
from summsvc.v1 import model_service_pb2 as pb

REPORTED_PACKAGES = (
    "grpcio",
    "protobuf",
    "sentencepiece",
    "transformers",
    "ctranslate2",
    "onnxruntime",
    "torch",
)
"""Packages whose versions GetServerInfo reports."""

_PROTO_TASKS = {
    Task.TRANSLATION: pb.MODEL_TASK_TRANSLATION,
    Task.SUMMARIZATION: pb.MODEL_TASK_SUMMARIZATION,
}


class ModelServicer(model_service_pb2_grpc.ModelServiceServicer):
    """Reports models, routes, versions and limits; never waits for a model."""

    def __init__(
        self, settings: Settings, catalog: Catalog, routes: Routes, pool: ModelPool
    ) -> None:
        self._settings = settings
        self._catalog = catalog
        self._routes = routes
        self._pool = pool
        self._components = _components()
        self._encoded_routes: tuple[Snapshot, bytes] | None = None
        self._started = time.monotonic()

    async def ListModels(  # type: ignore[override]
        self, request: pb.ListModelsRequest, _context: Context
    ) -> bytes:
        """Return the encoded reply, see ``wire_format.allow_encoded``."""
        return await asyncio.to_thread(self._encode_list, request)

    def _encode_list(self, request: pb.ListModelsRequest) -> bytes:
        seen = self._routes.store.refresh()
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
                # Neither manifest nor catalog entry: even its task is unknown.
                if request.task == pb.MODEL_TASK_UNSPECIFIED:
                    error = self._pool.status(id).error
                    reply.models.add(id=id, state=pb.MODEL_STATE_FAILED, error=error)
            elif request.task in (pb.MODEL_TASK_UNSPECIFIED, _PROTO_TASKS[known.task]):
                model = reply.models.add()
                self._fill(model, known)
                for pairs in chunked(known.pairs):
                    model.language_pairs.extend(_pair(*pair) for pair in pairs)
        # Concatenated encodings of a message type are one message of that type.
        return reply.SerializeToString() + self._routes_of(seen)

    def _routes_of(self, seen: Snapshot) -> bytes:
        """Encode a reply with all routes and nothing else; cached until the store changes."""
        if self._encoded_routes is None or self._encoded_routes[0] is not seen:
            parts = [
                pb.ListModelsResponse(routes=map(_route, routes)).SerializeToString()
                for routes in chunked(self._routes.all_translations(seen))
            ]
            self._encoded_routes = seen, b"".join(parts)
        return self._encoded_routes[1]

    async def GetServerInfo(
        self, _request: pb.GetServerInfoRequest, _context: Context
    ) -> pb.GetServerInfoResponse:
        settings, caller = self._settings, current_caller()
        return pb.GetServerInfoResponse(
            version=summsvc.__version__,
            components=self._components,
            limits=_limits(settings, caller),
            caller=caller.name,
            languages=registry.current().codes,
            uptime_s=time.monotonic() - self._started,
            mime_types=[kind.value for kind in MimeType],
            default_summary_method=settings.summary_method,
            processes=settings.processes or 1,
        )

    def _fill(self, model: pb.Model, facts: Manifest | CatalogEntry) -> None:
        """Set the fields of a model's message, except its language pairs."""
        status = self._pool.status(facts.id)
        model.id = facts.id
        model.task = _PROTO_TASKS[facts.task]
        model.state = pb.ModelState.Value(f"MODEL_STATE_{status.state.name}")
        model.error = status.error
        model.engine = status.engine or (facts.engine if isinstance(facts, Manifest) else "")
        model.device = status.device
        model.compute_type = status.compute_type
        model.license.spdx_id = facts.license.spdx_id
        model.license.note = facts.license.note
        model.license.non_commercial = facts.license.non_commercial
        model.size_bytes = facts.size_bytes
        model.repository = facts.source if isinstance(facts, Manifest) else facts.origin
        model.revision = facts.revision
        model.max_input_tokens = status.max_input_tokens
        model.word_alignment = status.aligns
        model.decoding.CopyFrom(_decoding(facts.decoding))


def _limits(settings: Settings, caller: Caller) -> pb.Limits:
    """Build the limits: the settings of the same names, except those of the caller."""
    of_server = {name: getattr(settings, name) for name in pb.Limits.DESCRIPTOR.fields_by_name}
    own = caller.limits
    of_caller = {
        "max_caller_calls": own.max_calls,
        "max_caller_queued_tokens": own.max_queued_tokens,
        "max_batch_articles": own.batch_articles(settings.max_batch_articles),
    }
    return pb.Limits(**of_server | of_caller)


def _components() -> dict[str, str]:
    """Versions of Python and of the installed packages among ``REPORTED_PACKAGES``."""
    found = {"python": platform.python_version()}
    for name in REPORTED_PACKAGES:
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
