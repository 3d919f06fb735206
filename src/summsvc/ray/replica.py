"""Replica of the service: a whole ``Server``, whose calls Ray's proxy hands over.

Each call passes the same interceptor as in a server with a port of its own, so tokens, limits,
errors, log lines and metrics are the same. The scheduler of each model forms the batches; Ray
only chooses the replica of a call.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from functools import partial

from ray.serve.grpc_util import RayServegRPCContext
from ray.serve.handle import DeploymentHandle

from summsvc.config import Settings, load_settings
from summsvc.engines.base import ModelSpec, Placement, Seq2SeqEngine
from summsvc.engines.load import load as load_engine
from summsvc.ray.engine import RemoteEngine
from summsvc.ray.metadata import END, MESSAGE, RAY_REQUEST_ID_KEY, TIMEOUT_KEY
from summsvc.server.app import Server
from summsvc.server.runtime import logs
from summsvc.server.transport.method_table import HandedCall, MethodTable

SUMMARIZATION = "/summsvc.v1.SummarizationService/"
TRANSLATION = "/summsvc.v1.TranslationService/"
MODELS = "/summsvc.v1.ModelService/"
HEALTH = "/grpc.health.v1.Health/"


class Reply:
    """An encoded response; Ray asks each response to serialize itself."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    def SerializeToString(self) -> bytes:
        return self._data


class Replica:
    """The service in a replica's process; Ray calls a method by its name in the proto files.

    settings: of ``summsvc serve``, by name; the environment comes before them. models: handles
    of the models that have deployments of their own; the others run in this process.
    Raises SettingsError, and OSError for a file that cannot be read.
    """

    async def __init__(  # type: ignore[misc]
        self, settings: Mapping[str, object], models: Mapping[str, DeploymentHandle[object]]
    ) -> None:
        loaded = load_settings(flags=settings)
        logs.configure(loaded.log_level, loaded.log_format)
        await self._start(loaded, models)

    async def _start(
        self, settings: Settings, models: Mapping[str, DeploymentHandle[object]]
    ) -> None:
        self._server = Server(
            settings, create_transport=self._create_methods, load=partial(_load, models)
        )
        await self._server.start()
        # Ray sends calls to a replica once it is constructed.
        await self._server.preloaded()

    def _create_methods(self, **arguments: object) -> MethodTable:
        self._table = MethodTable(**arguments)  # type: ignore[arg-type]
        return self._table

    async def Summarize(self, request: bytes, grpc_context: RayServegRPCContext) -> Reply:
        return await self._answer(SUMMARIZATION + "Summarize", request, grpc_context)

    async def BatchSummarize(self, request: bytes, grpc_context: RayServegRPCContext) -> Reply:
        return await self._answer(SUMMARIZATION + "BatchSummarize", request, grpc_context)

    async def Translate(self, request: bytes, grpc_context: RayServegRPCContext) -> Reply:
        return await self._answer(TRANSLATION + "Translate", request, grpc_context)

    async def BatchTranslate(self, request: bytes, grpc_context: RayServegRPCContext) -> Reply:
        return await self._answer(TRANSLATION + "BatchTranslate", request, grpc_context)

    async def StreamTranslate(
        self, request: bytes, grpc_context: RayServegRPCContext
    ) -> AsyncGenerator[Reply, None]:
        call = _handed(request, grpc_context)
        async with aclosing(self._table.stream(TRANSLATION + "StreamTranslate", call)) as responses:
            async for response in responses:
                yield Reply(MESSAGE + response)
        _set_status(grpc_context, call)
        yield Reply(END)

    async def ListModels(self, request: bytes, grpc_context: RayServegRPCContext) -> Reply:
        return await self._answer(MODELS + "ListModels", request, grpc_context)

    async def GetServerInfo(self, request: bytes, grpc_context: RayServegRPCContext) -> Reply:
        return await self._answer(MODELS + "GetServerInfo", request, grpc_context)

    async def Check(self, request: bytes, grpc_context: RayServegRPCContext) -> Reply:
        return await self._answer(HEALTH + "Check", request, grpc_context)

    async def _answer(self, method: str, request: bytes, context: RayServegRPCContext) -> Reply:
        call = _handed(request, context)
        response = await self._table.answer(method, call)
        _set_status(context, call)
        return Reply(response)


def _load(
    models: Mapping[str, DeploymentHandle[object]],
    spec: ModelSpec,
    placement: Placement,
    engine: str,
) -> Seq2SeqEngine:
    """Load a model in this process, or connect to its deployment."""
    handle = models.get(spec.id)
    return load_engine(spec, placement, engine) if handle is None else RemoteEngine(spec, handle)


def _handed(request: bytes, context: RayServegRPCContext) -> HandedCall:
    sent = context.invocation_metadata()
    timeout = dict(sent).get(TIMEOUT_KEY)
    return HandedCall(
        request,
        metadata=[entry for entry in sent if entry[0] not in (TIMEOUT_KEY, RAY_REQUEST_ID_KEY)],
        peer=context.peer(),
        timeout_s=None if timeout is None else float(timeout),
    )


def _set_status(context: RayServegRPCContext, call: HandedCall) -> None:
    context.set_code(call.code)
    context.set_details(call.message)
    context.set_trailing_metadata(list(call.trailing))  # type: ignore[arg-type]
