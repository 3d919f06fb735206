"""Limits of each caller."""

from __future__ import annotations

from pydantic import BaseModel, Field

from summsvc.config.values import Int32, Int64


class CallerSettings(BaseModel):
    """Limits of each caller that has no limits of its own in token_file."""

    max_caller_calls: Int32 = Field(
        default=0,
        ge=0,
        description="Maximum calls in flight of one caller, which is one token, or one address "
        "when no tokens are required; named callers of token_file may have their own; 0: no limit.",
    )
    max_caller_queued_tokens: Int64 = Field(
        default=0,
        ge=0,
        description="Maximum tokens of one caller queued per model; callers as for "
        "max_caller_calls; 0: no limit.",
    )
