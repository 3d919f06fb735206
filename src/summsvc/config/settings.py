"""Every setting of the server, documented once.

``docs/reference/settings.md`` and ``serve --help`` are made from this class.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from summsvc.config.values import File, Folder, Given, IdOf, Ids

GROUPS = {
    "host": "Where to listen",
    "log_level": "What is written down",
    "model_dir": "Models",
    "batch_tokens": "Scheduling",
    "max_title_code_points": "Limits",
    "drain_s": "Ending",
}
"""The first setting of each group, and the group's heading in help and docs."""

CPU_SEQUENCES = 48
"""Sequences in a batch on a CPU: fewer cost more for each, and so do many more (`bench.sizes`)."""


def default_model_dir() -> Path:
    """Where models are kept when nobody says otherwise (XDG base directories)."""
    data = os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share"
    return Path(data) / "summsvc" / "models"


class Settings(BaseModel):
    """Settings of one server process. Frozen: read once, at start.

    Made from keyword arguments alone it reads neither environment nor files;
    ``load_settings`` does.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    host: Given = Field(
        default="127.0.0.1", description="Address to listen on; 0.0.0.0 or [::] for all."
    )
    port: int = Field(default=50051, ge=0, le=65535, description="gRPC port; 0 picks a free one.")
    health_port: int = Field(
        default=-1,
        ge=-1,
        le=65535,
        description="Port that answers health checks alone, without TLS, for probes that have no "
        "client certificate; 0 picks one, -1 turns it off.",
    )
    metrics_host: Given = Field(default="127.0.0.1", description="Address of the metrics endpoint.")
    metrics_port: int = Field(
        default=9464,
        ge=-1,
        le=65535,
        description="HTTP port of /metrics; 0 picks one, -1 turns it off.",
    )
    reflection: bool = Field(default=True, description="Offer gRPC server reflection.")
    tls_cert: File = Field(
        default=None,
        description="PEM certificate chain; turns TLS on. This file, tls_key, tls_client_ca and "
        "token_file are read again when they change, and on SIGHUP.",
    )
    tls_key: File = Field(default=None, description="PEM private key of tls_cert.")
    tls_client_ca: File = Field(
        default=None, description="PEM bundle; clients must show a certificate signed by it (mTLS)."
    )
    token_file: File = Field(
        default=None,
        description="File with one accepted bearer token per line; "
        "calls without one are refused, health excepted.",
    )

    log_level: Literal["debug", "info", "warning", "error"] = Field(
        default="info", description="Least severe level that is logged."
    )
    log_format: Literal["json", "console"] = Field(
        default="json", description="One JSON object per line, or text for people."
    )

    model_dir: Folder = Field(
        default_factory=default_model_dir,
        description="The model store: one folder per model.",
        json_schema_extra={"default": "~/.local/share/summsvc/models"},
    )
    catalog_file: File = Field(
        default=None, description="TOML file with catalog entries of your own."
    )
    engine: Literal["auto", "ctranslate2", "transformers"] = Field(
        default="auto", description="Engine for models that both engines can run."
    )
    device: Literal["auto", "cpu", "cuda"] = Field(default="auto", description="Where models run.")
    compute_type: Literal["default", "float32", "int8", "bfloat16", "float16"] = Field(
        default="default", description="Number format of weights; default is the engine's choice."
    )
    workers: int = Field(
        default=0, ge=0, le=256, description="Batches computed at once per model; 0: one per core."
    )
    threads: int = Field(default=1, ge=1, le=256, description="Threads of one worker.")
    preload: Ids = Field(
        default=["all"],
        description="Ids of models to load at start, comma separated; 'all' for every "
        "installed one, 'none' for none. Others load on first use.",
    )
    idle_unload_s: float = Field(
        default=0,
        ge=0,
        description="Seconds without a request after which a model leaves memory; 0: never.",
    )
    pivot_language: str = Field(
        default="en", description="Language through which pairs without a model go; empty: none."
    )
    default_models: IdOf = Field(
        default_factory=dict,
        description="Model id per pair or language, for example "
        "en-ru=opus-en-ru,en=distilbart-cnn.",
    )

    summary_method: Literal["extractive", "abstractive", "auto"] = Field(
        default="extractive",
        description="How a summary is made when a call leaves it open; auto: abstractive where "
        "a model for the article's language is installed and sound, else extractive.",
    )

    batch_tokens: int = Field(
        default=4096,
        ge=16,
        description="Most tokens in one batch: longest segment x segments x beams.",
    )
    batch_sequences: int = Field(
        default=0,
        ge=0,
        description="Most sequences in one batch: segments x beams; "
        f"0: {CPU_SEQUENCES} on a CPU, on a GPU as many as batch_tokens allows.",
    )
    batch_target_ms: float = Field(
        default=2000,
        gt=0,
        le=600_000,
        description="Milliseconds that a batch should take by the measured speed; fewer shorten "
        "waits, more raise throughput.",
    )
    batch_wait_ms: float = Field(
        default=2.0,
        ge=0,
        le=1000,
        description="Milliseconds a busy worker waits, for each caller it has just answered, for "
        "them to come back and fill its next batch; at most a tenth of the last one's time.",
    )
    hung_batch_s: float = Field(
        default=30,
        ge=0,
        description="Seconds that any batch may take before it is taken for hung: its calls fail, "
        "its worker goes on in another thread, and when as many hang at once as the model has "
        "workers it is loaded again; 0: never.",
    )
    hung_batch_factor: float = Field(
        default=10,
        ge=2,
        description="A batch is taken for hung when it takes longer than hung_batch_s and than so "
        "many times what it would take if its outputs became as long as they may: steps of "
        "decoding times the measured time of a step, in proportion to segments x beams. The "
        "two segments that a model computes when loaded may take so many times hung_batch_s each.",
    )
    max_queued_requests: int = Field(
        default=1024,
        ge=1,
        description="Requests that may wait for one model, and articles that may wait to be "
        "read; divided among the callers that have some waiting.",
    )
    max_pending_calls: int = Field(
        default=10_000,
        ge=1,
        description="Calls of one method that may wait until the server takes them in; gRPC turns "
        "more away at once, as CANCELLED and without details. Lower for a model so small that "
        "calls themselves are the load, see docs/how-to/tune-throughput.md.",
    )
    max_streams_per_connection: int = Field(
        default=512,
        ge=1,
        le=2**31 - 1,
        description="Calls that one connection may have open at once; clients keep further ones "
        "back until one ends.",
    )
    max_queued_tokens: int = Field(
        default=1_000_000, ge=1, description="Tokens that may wait for one model."
    )
    max_wait_s: float = Field(
        default=600,
        gt=0,
        description="Seconds, by the measured speed, that a call without a deadline may wait "
        "for its turn.",
    )
    max_queued_code_points: int = Field(
        default=10_000_000,
        ge=1,
        description="Code points of articles that may wait to be read, long articles and "
        "others apart.",
    )
    cache_bytes: int = Field(
        default=64 * 1024 * 1024,
        ge=0,
        description="Bytes of model outputs kept for reuse; 0: none.",
    )
    text_threads: int = Field(
        default=0,
        ge=0,
        le=256,
        description="Threads that clean, segment and rank, and half as many more for "
        "long articles alone; 0: one per core.",
    )

    max_title_code_points: int = Field(
        default=2_000, ge=1, description="Longest title, in code points."
    )
    max_body_code_points: int = Field(
        default=1_000_000, ge=1, description="Longest body, in code points."
    )
    max_message_bytes: int = Field(
        default=8 * 1024 * 1024, ge=1024, description="Largest message either way, in bytes."
    )
    max_batch_articles: int = Field(
        default=256, ge=1, description="Most articles in one batch call."
    )
    max_summary_sentences: int = Field(
        default=1_000, ge=1, description="Most sentences a summary may be asked for."
    )
    max_terms: int = Field(
        default=500, ge=0, description="Most protected terms and most glossary entries per request."
    )
    max_output_tokens: int = Field(
        default=1_024, ge=1, description="Most output tokens a caller may allow one segment."
    )

    drain_s: float = Field(
        default=25.0,
        ge=0,
        description="Seconds given to accepted requests after SIGTERM; keep it below the "
        "orchestrator's kill timeout.",
    )

    @model_validator(mode="after")
    def _fit_together(self) -> Settings:
        if (self.tls_cert is None) != (self.tls_key is None):
            raise ValueError("tls_cert and tls_key go together; only one of them is set")
        if self.tls_client_ca is not None and self.tls_cert is None:
            raise ValueError("tls_client_ca needs tls_cert and tls_key")
        return self
