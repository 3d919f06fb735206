"""grpc.health.v1: who is alive, and whose models are ready.

"" is SERVING while the process answers, and so is ModelService.
TranslationService is SERVING once every model that is to be preloaded has
settled and at least one translation model can take work. SummarizationService
needs no model, unless summaries are written by default (``summary_method``).

The protocol: https://github.com/grpc/grpc/blob/master/doc/health-checking.md
"""

from __future__ import annotations

import asyncio
from typing import Any

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc

from summsvc.errors import DrainingError
from summsvc.server.codec.status import code_of, status_of, trailing_metadata
from summsvc.v1 import (
    model_service_pb2,
    summarization_service_pb2,
    translation_service_pb2,
)

SERVING = health_pb2.HealthCheckResponse.SERVING
NOT_SERVING = health_pb2.HealthCheckResponse.NOT_SERVING
UNKNOWN = health_pb2.HealthCheckResponse.SERVICE_UNKNOWN

SUMMARIZATION = summarization_service_pb2.DESCRIPTOR.services_by_name[
    "SummarizationService"
].full_name
TRANSLATION = translation_service_pb2.DESCRIPTOR.services_by_name["TranslationService"].full_name
MODELS = model_service_pb2.DESCRIPTOR.services_by_name["ModelService"].full_name


class HealthServicer(health_pb2_grpc.HealthServicer):  # type: ignore[misc]
    """Answers from a table of services.

    The one that comes with gRPC keeps a lock while it writes to a watcher, so that one that
    does not read holds up every change of its service; and its watchers have no end.
    """

    def __init__(self) -> None:
        self._states = {"": SERVING}
        self._changed = asyncio.Event()
        self._ended = False

    async def Check(self, request: Any, context: Any) -> Any:
        """The state of a service; NOT_FOUND for one that is not known."""
        state = self._states.get(request.service)
        if state is None:
            await context.abort(grpc.StatusCode.NOT_FOUND)
        return health_pb2.HealthCheckResponse(status=state)

    async def Watch(self, request: Any, context: Any) -> None:
        """The state of a service now, and whenever it changes; UNAVAILABLE after the last one.

        A client takes that, as any status but UNIMPLEMENTED, for a reason to ask another
        server.
        """
        told = None
        while True:
            changed, ended = self._changed, self._ended
            state = self._states.get(request.service, UNKNOWN)
            if state != told:
                await context.write(health_pb2.HealthCheckResponse(status=state))
                told = state
            if ended:
                error = DrainingError("this server is shutting down; watch another one")
                entry = trailing_metadata(status_of(error))
                await context.abort(code_of(error), error.message, (entry,))
            await changed.wait()

    def set(self, service: str, state: health_pb2.HealthCheckResponse.ServingStatus) -> None:
        """Change the state of a service, unless the end has begun."""
        if not self._ended and self._states.get(service) != state:
            self._states[service] = state
            self._tell()

    def end(self) -> None:
        """NOT_SERVING everywhere, for good; watchers are told, and their streams end."""
        self._states = dict.fromkeys(self._states, NOT_SERVING)
        self._ended = True
        self._tell()

    def _tell(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()


class Health:
    """The health of each service of this server."""

    def __init__(self) -> None:
        self.servicer = HealthServicer()

    async def start(self, *, summarization: bool) -> None:
        """Say what holds before any model is loaded."""
        await self.summarization(summarization)
        self.servicer.set(MODELS, SERVING)
        self.servicer.set(TRANSLATION, NOT_SERVING)

    async def translation(self, ready: bool) -> None:
        """Say whether translations can be made now."""
        self.servicer.set(TRANSLATION, SERVING if ready else NOT_SERVING)

    async def summarization(self, ready: bool) -> None:
        """Say whether summaries can be made now, by the server's default method."""
        self.servicer.set(SUMMARIZATION, SERVING if ready else NOT_SERVING)

    async def shut_down(self) -> None:
        """NOT_SERVING everywhere, for good; watchers are told, and their streams end."""
        self.servicer.end()
