"""grpc.health.v1: who is alive, and whose models are ready.

"" is SERVING while the process answers, and so is ModelService.
TranslationService is SERVING once every model that is to be preloaded has
settled and at least one translation model can take work. SummarizationService
needs no model, unless summaries are written by default (``summary_method``).
"""

from __future__ import annotations

from grpc_health.v1 import health_pb2
from grpc_health.v1._async import HealthServicer

from summsvc.v1 import (
    model_service_pb2,
    summarization_service_pb2,
    translation_service_pb2,
)

SERVING = health_pb2.HealthCheckResponse.SERVING
NOT_SERVING = health_pb2.HealthCheckResponse.NOT_SERVING

SUMMARIZATION = summarization_service_pb2.DESCRIPTOR.services_by_name[
    "SummarizationService"
].full_name
TRANSLATION = translation_service_pb2.DESCRIPTOR.services_by_name["TranslationService"].full_name
MODELS = model_service_pb2.DESCRIPTOR.services_by_name["ModelService"].full_name


class Health:
    """The health of each service of this server."""

    def __init__(self) -> None:
        self.servicer = HealthServicer()

    async def start(self, *, summarization: bool) -> None:
        """Say what holds before any model is loaded."""
        await self.summarization(summarization)
        await self.servicer.set(MODELS, SERVING)
        await self.servicer.set(TRANSLATION, NOT_SERVING)

    async def translation(self, ready: bool) -> None:
        """Say whether translations can be made now."""
        await self.servicer.set(TRANSLATION, SERVING if ready else NOT_SERVING)

    async def summarization(self, ready: bool) -> None:
        """Say whether summaries can be made now, by the server's default method."""
        await self.servicer.set(SUMMARIZATION, SERVING if ready else NOT_SERVING)

    async def shut_down(self) -> None:
        """NOT_SERVING everywhere, for good."""
        await self.servicer.enter_graceful_shutdown()
