"""Every setting of the server, documented once.

A setting comes from, in rising precedence: its default, a TOML file, the
environment (``SUMMSVC_`` and its upper-case name), a flag of ``summsvc serve``.
``docs/settings.md`` and ``serve --help`` are made from this class.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, ValidationError, field_validator, model_validator
from pydantic_settings import (
    BaseSettings,
    InitSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

ENV_PREFIX = "SUMMSVC_"


class SettingsError(Exception):
    """The settings given do not fit together; the message names each culprit."""


def default_model_dir() -> Path:
    """Where models are kept when nobody says otherwise (XDG base directories)."""
    data = os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share"
    return Path(data) / "summsvc" / "models"


class Settings(BaseSettings):
    """Settings of one server process. Frozen: read once, at start."""

    model_config = SettingsConfigDict(env_prefix=ENV_PREFIX, frozen=True, extra="forbid")

    # Where to listen
    host: str = Field("127.0.0.1", description="Address to listen on; 0.0.0.0 or [::] for all.")
    port: int = Field(50051, ge=0, le=65535, description="gRPC port; 0 picks a free one.")
    metrics_host: str = Field("127.0.0.1", description="Address of the metrics endpoint.")
    metrics_port: int = Field(
        9464, ge=-1, le=65535, description="HTTP port of /metrics; 0 picks one, -1 turns it off."
    )
    reflection: bool = Field(True, description="Offer gRPC server reflection.")
    tls_cert: Path | None = Field(None, description="PEM certificate chain; turns TLS on.")
    tls_key: Path | None = Field(None, description="PEM private key of tls_cert.")
    tls_client_ca: Path | None = Field(
        None, description="PEM bundle; clients must show a certificate signed by it (mTLS)."
    )
    token_file: Path | None = Field(
        None,
        description="File with one accepted bearer token per line; "
        "calls without one are refused, health excepted.",
    )

    # What is written down
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        "info", description="Least severe level that is logged."
    )
    log_format: Literal["json", "console"] = Field(
        "json", description="One JSON object per line, or text for people."
    )

    # Models
    model_dir: Path = Field(
        default_factory=default_model_dir, description="The model store: one folder per model."
    )
    catalog_file: Path | None = Field(
        None, description="TOML file with catalog entries of your own."
    )
    engine: Literal["auto", "ctranslate2", "transformers"] = Field(
        "auto", description="Engine for models that both engines can run."
    )
    device: Literal["auto", "cpu", "cuda"] = Field("auto", description="Where models run.")
    compute_type: Literal["default", "float32", "int8", "bfloat16", "float16"] = Field(
        "default", description="Number format of weights; default is the engine's choice."
    )
    workers: int = Field(
        0, ge=0, le=256, description="Batches computed at once per model; 0: one per core."
    )
    threads: int = Field(1, ge=1, le=256, description="Threads of one worker.")
    preload: list[str] = Field(
        default_factory=list,
        description="Ids of models to load at start, comma separated; 'all' for every "
        "installed one. Others load on first use.",
    )
    idle_unload_s: float = Field(
        0,
        ge=0,
        description="Seconds without a request after which a model leaves memory; 0: never.",
    )
    pivot_language: str = Field(
        "en", description="Language through which pairs without a model go; empty: none."
    )
    default_models: dict[str, str] = Field(
        default_factory=dict,
        description="Model id per pair or language, for example en-ru=opus-en-ru,en=distilbart-cnn.",
    )

    # Scheduling
    batch_tokens: int = Field(
        4096, ge=16, description="Token budget of one batch: longest segment x segments."
    )
    batch_wait_ms: float = Field(
        2.0, ge=0, le=1000, description="Milliseconds a busy worker waits to fill a batch."
    )
    max_queued_requests: int = Field(
        1024, ge=1, description="Requests that may wait for one model."
    )
    max_queued_tokens: int = Field(
        1_000_000, ge=1, description="Tokens that may wait for one model."
    )
    cache_bytes: int = Field(
        64 * 1024 * 1024, ge=0, description="Bytes of model outputs kept for reuse; 0: none."
    )
    text_threads: int = Field(
        0, ge=0, le=256, description="Threads that clean, segment and rank; 0: one per core."
    )

    # Limits
    max_title_code_points: int = Field(2_000, ge=1, description="Longest title, in code points.")
    max_body_code_points: int = Field(1_000_000, ge=1, description="Longest body, in code points.")
    max_message_bytes: int = Field(
        8 * 1024 * 1024, ge=1024, description="Largest message either way, in bytes."
    )
    max_batch_articles: int = Field(256, ge=1, description="Most articles in one batch call.")
    max_summary_sentences: int = Field(
        1_000, ge=1, description="Most sentences a summary may be asked for."
    )
    max_terms: int = Field(
        500, ge=0, description="Most protected terms and most glossary entries per request."
    )
    max_output_tokens: int = Field(
        1_024, ge=1, description="Most output tokens a caller may allow one segment."
    )

    # Ending
    drain_s: float = Field(
        25.0,
        ge=0,
        description="Seconds given to accepted requests after SIGTERM; keep it below the "
        "orchestrator's kill timeout.",
    )

    @field_validator("preload", "default_models", mode="before")
    @classmethod
    def _split(cls, value: Any) -> Any:
        return value

    @field_validator("tls_cert", "tls_key", "tls_client_ca", "token_file", "catalog_file")
    @classmethod
    def _readable(cls, path: Path | None) -> Path | None:
        if path is not None and not path.is_file():
            raise ValueError(f"no such file: {path}")
        return path

    @model_validator(mode="after")
    def _fit_together(self) -> Settings:
        if (self.tls_cert is None) != (self.tls_key is None):
            raise ValueError("tls_cert and tls_key go together")
        if self.tls_client_ca is not None and self.tls_cert is None:
            raise ValueError("tls_client_ca needs tls_cert and tls_key")
        return self
