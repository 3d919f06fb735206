"""Limits of requests and of connections."""

from __future__ import annotations

from pydantic import BaseModel, Field

from summsvc.config.values import Int32

MAX_SECONDS = 2_000_000
"""Largest time limit of a connection: 23 days, whose milliseconds fit an int32 of gRPC."""


class LimitSettings(BaseModel):
    """Limits of requests and of connections."""

    max_title_code_points: Int32 = Field(
        default=2_000, ge=1, description="Maximum code points of a title."
    )
    max_body_code_points: Int32 = Field(
        default=1_000_000,
        ge=1,
        description="Maximum code points of a body. Of HTML, the text and the tags count; "
        "attributes, comments, scripts and style sheets do not.",
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
    max_request_s: float = Field(
        default=3_600,
        ge=0,
        description="Maximum seconds from the arrival of a request to the end of its call; a "
        "longer call ends with DEADLINE_EXCEEDED, whatever deadline the client has set. 0: no "
        "limit.",
    )
    max_receive_s: float = Field(
        default=60,
        gt=0,
        description="Maximum seconds until a request message has arrived completely; the default "
        "is enough for 7 MB at one megabit a second.",
    )
    max_header_bytes: Int32 = Field(
        default=16_384,
        ge=4_096,
        description="Maximum bytes of a call's headers, with 32 bytes added for each entry "
        "(RFC 9113, section 10.5.1).",
    )
    max_connections: Int32 = Field(
        default=4_096,
        ge=0,
        description="Maximum open connections of each listening address; a further connection is "
        "closed at once. 0: no limit.",
    )
    max_handshake_s: float = Field(
        default=20,
        ge=0.001,
        le=MAX_SECONDS,
        description="Maximum seconds from the start of a connection to the end of its TLS "
        "handshake and the arrival of its HTTP/2 settings.",
    )
    max_connection_idle_s: float = Field(
        default=1_800,
        ge=0,
        le=MAX_SECONDS,
        description="Seconds without a call after which a connection is closed; gRPC clients open "
        "another one for their next call. 0: never.",
    )
    max_connection_age_s: float = Field(
        default=0,
        ge=0,
        le=MAX_SECONDS,
        description="Seconds, changed by up to a tenth at random, after which a connection takes "
        "no further calls, so that the client connects again and may find another server. "
        "0: never.",
    )
    max_connection_age_grace_s: float = Field(
        default=600,
        ge=0.001,
        le=MAX_SECONDS,
        description="Seconds after max_connection_age_s in which calls of the connection may "
        "finish; calls that have not are cancelled.",
    )
