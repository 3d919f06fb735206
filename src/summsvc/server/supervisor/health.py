"""Health of a service of several processes: SERVING when at least one of them serves."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from summsvc.server.services.health import (
    MODEL_SERVICE,
    NOT_SERVING,
    SERVING,
    SUMMARIZATION_SERVICE,
    TRANSLATION_SERVICE,
    HealthServicer,
    State,
)

SERVICES = ("", MODEL_SERVICE, SUMMARIZATION_SERVICE, TRANSLATION_SERVICE)


class MergedHealth:
    """Health of the processes that accept calls. Without any, no service is SERVING.

    It is served on ``health_port``. On the common port each connection gets the health of the
    process that has it.
    """

    def __init__(self) -> None:
        self.servicer = HealthServicer()
        self.update([])

    def update(self, processes: Iterable[Mapping[str, State]]) -> None:
        """Set the states, given those of each process that accepts calls."""
        states = list(processes)
        for service in SERVICES:
            serving = any(each.get(service) == SERVING for each in states)
            self.servicer.set(service, SERVING if serving else NOT_SERVING)
