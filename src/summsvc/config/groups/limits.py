"""Limits of requests."""

from __future__ import annotations

from pydantic import BaseModel, Field

from summsvc.config.values import Int32


class LimitSettings(BaseModel):
    """Limits of requests."""

    max_title_code_points: Int32 = Field(
        default=2_000, ge=1, description="Maximum code points of a title."
    )
    max_body_code_points: Int32 = Field(
        default=1_000_000, ge=1, description="Maximum code points of a body."
    )
    max_message_bytes: Int32 = Field(
        default=8 * 1024 * 1024,
        ge=1024,
        description="Maximum bytes of a request message and of a reply message.",
    )
    max_batch_articles: Int32 = Field(
        default=256, ge=1, description="Maximum articles in one batch call."
    )
    max_summary_sentences: Int32 = Field(
        default=1_000,
        ge=1,
        description="Maximum sentences that a request may ask for.",
    )
    max_terms: Int32 = Field(
        default=500,
        ge=0,
        description="Maximum protected terms, and maximum glossary entries, per request.",
    )
    max_output_tokens: Int32 = Field(
        default=1_024,
        ge=1,
        description="Maximum value of max_output_tokens in a request: output tokens per segment.",
    )
