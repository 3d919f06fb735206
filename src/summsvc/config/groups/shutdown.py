"""Settings of the shutdown."""

from __future__ import annotations

from pydantic import BaseModel, Field


class ShutdownSettings(BaseModel):
    """Settings of the shutdown."""

    drain_delay_s: float = Field(
        default=0.0,
        ge=0,
        le=3_600,
        description="Seconds after SIGTERM for which every service is NOT_SERVING and calls are "
        "still accepted, so that load balancers and resolvers can take this server out.",
    )
    drain_s: float = Field(
        default=25.0,
        ge=0,
        le=86_400,
        description="Seconds that accepted requests have to finish after drain_delay_s; set both "
        "together below the termination grace period of the orchestrator.",
    )
