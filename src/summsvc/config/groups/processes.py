"""Settings of the server processes on one machine."""

from __future__ import annotations

from pydantic import BaseModel, Field


class ProcessSettings(BaseModel):
    """Settings of the server processes on one machine."""

    processes: int = Field(
        default=1,
        ge=0,
        le=256,
        description="Server processes that share the port, each with models, queues, cache and "
        "limits of its own, and its part of the cores; 0: as the cores, the memory and the sizes "
        "of the installed models suggest.",
    )
