"""Settings of the shutdown."""

from __future__ import annotations

from pydantic import BaseModel, Field


class ShutdownSettings(BaseModel):
    """Settings of the shutdown."""

    drain_s: float = Field(
        default=25.0,
        ge=0,
        le=86_400,
        description="Seconds that accepted requests have to finish after SIGTERM; set it below "
        "the termination grace period of the orchestrator.",
    )
