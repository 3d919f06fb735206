"""grpc.health.v1 service: whether the process answers and which services can take work.

"" and ModelService are SERVING while the process answers. TranslationService is SERVING
once every model to preload has been loaded or has failed, and at least one translation
model can take work. SummarizationService needs a model only when the default method is
abstractive (``summary_method``).

Protocol: https://github.com/grpc/grpc/blob/master/doc/health-checking.md
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import TypeAlias

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc

from summsvc.errors import DrainingError
from summsvc.server.codec.status import code_of, status_of, trailing_metadata
from summsvc.server.transport.handlers import Context
from summsvc.v1 import (
    model_service_pb2,
    summarization_service_pb2,
    translation_service_pb2,
)

State: TypeAlias = health_pb2.HealthCheckResponse.ServingStatus
OnHealthChange = Callable[[Mapping[str, State]], None]

SERVING = health_pb2.HealthCheckResponse.SERVING
NOT_SERVING = health_pb2.HealthCheckResponse.NOT_SERVING
UNKNOWN = health_pb2.HealthCheckResponse.SERVICE_UNKNOWN

SUMMARIZATION_SERVICE = summarization_service_pb2.DESCRIPTOR.services_by_name[
    "SummarizationService"
].full_name
TRANSLATION_SERVICE = translation_service_pb2.DESCRIPTOR.services_by_name[
    "TranslationService"
].full_name
MODEL_SERVICE = model_service_pb2.DESCRIPTOR.services_by_name["ModelService"].full_name


class HealthServicer(health_pb2_grpc.HealthServicer):  # type: ignore[misc]
    """Reports the states of a table of services.

    It replaces the servicer of grpcio-health-checking, which holds a lock while it writes to
    a watcher: a watcher that does not read blocks every change of its service. Its watches
    also do not end at shutdown.

    on_change: called with the states of all services at each change.
    """

    def __init__(self, on_change: OnHealthChange = lambda _: None) -> None:
        self._on_change = on_change
        self._states: dict[str, State] = {"": SERVING}
        self._changed = asyncio.Event()
        self._announced = self._shut_down = False
        self._watches: set[asyncio.Task[object]] = set()

    async def Check(
        self, request: health_pb2.HealthCheckRequest, context: Context
    ) -> health_pb2.HealthCheckResponse:
        """Return the state of a service; NOT_FOUND for an unknown one."""
        state = self._states.get(request.service)
        if state is None:
            await context.abort(grpc.StatusCode.NOT_FOUND)
        return health_pb2.HealthCheckResponse(status=state)

    async def Watch(self, request: health_pb2.HealthCheckRequest, context: Context) -> None:
        """Send the state of a service now and at each change; UNAVAILABLE at shutdown.

        A client connects to another server after any status except UNIMPLEMENTED.
        """
        task = asyncio.current_task()
        assert task is not None
        # gRPC's task of the call ends when the status is written.
        self._watches.add(task)
        task.add_done_callback(self._watches.discard)
        sent = None
        while True:
            changed, ended = self._changed, self._shut_down
            state = self._states.get(request.service, UNKNOWN)
            if state != sent:
                await context.write(health_pb2.HealthCheckResponse(status=state))
                sent = state
            if ended:
                error = DrainingError("this server is shutting down; watch another server")
                entry = trailing_metadata(status_of(error))
                await context.abort(code_of(error), error.message, (entry,))
            await changed.wait()

    def set(self, service: str, state: State) -> None:
        """Change the state of a service, unless the server is shutting down."""
        if not self._announced and self._states.get(service) != state:
            self._states[service] = state
            self._notify()

    def announce_shutdown(self) -> None:
        """Set all services to NOT_SERVING permanently."""
        self._states = dict.fromkeys(self._states, NOT_SERVING)
        self._announced = True
        self._notify()

    def shut_down(self) -> None:
        """Set all services to NOT_SERVING permanently, and end the streams of watchers."""
        self._shut_down = True
        self.announce_shutdown()

    async def wait_for_watches(self, seconds: float) -> None:
        """Wait until all watches have ended, for at most ``seconds``.

        A watcher that does not read never receives its status.
        """
        if self._watches:
            await asyncio.wait(self._watches, timeout=seconds)

    def _notify(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()
        self._on_change(self._states)


class ServiceHealth:
    """Health of the services of this server. on_change: see ``HealthServicer``."""

    def __init__(self, on_change: OnHealthChange = lambda _: None) -> None:
        self.servicer = HealthServicer(on_change)

    async def start(self, *, summarization: bool) -> None:
        """Set the states that hold before any model is loaded.

        summarization: whether summaries can be made without a model.
        """
        await self.set_summarization(summarization)
        self.servicer.set(MODEL_SERVICE, SERVING)
        self.servicer.set(TRANSLATION_SERVICE, NOT_SERVING)

    async def set_translation(self, ready: bool) -> None:
        """Set whether translations can be made now."""
        self.servicer.set(TRANSLATION_SERVICE, SERVING if ready else NOT_SERVING)

    async def set_summarization(self, ready: bool) -> None:
        """Set whether summaries can be made now by the server's default method."""
        self.servicer.set(SUMMARIZATION_SERVICE, SERVING if ready else NOT_SERVING)

    def announce_shutdown(self) -> None:
        """Set all services to NOT_SERVING permanently."""
        self.servicer.announce_shutdown()

    def shut_down(self) -> None:
        """Set all services to NOT_SERVING permanently, and end the streams of watchers."""
        self.servicer.shut_down()

    async def wait_for_watches(self, seconds: float) -> None:
        """Wait until all watches have ended, for at most ``seconds``."""
        await self.servicer.wait_for_watches(seconds)
