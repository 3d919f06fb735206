"""Settings of the log."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, Field


class LogSettings(BaseModel):
    """Settings of the log."""

    log_level: Literal["debug", "info", "warning", "error"] = Field(
        default="info", description="Minimum severity of logged messages."
    )
    log_format: Literal["json", "console"] = Field(
        default="json",
        description="Log format; json: one JSON object per line, console: human-readable text.",
    )
