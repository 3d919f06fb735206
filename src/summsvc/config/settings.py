"""Server settings: name, type, default, range and description of each setting.

``docs/reference/settings.md`` and ``summsvc serve --help`` are generated from this class.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from summsvc.config.values import (
    DirectoryPath,
    Int32,
    Int64,
    ModelIdByPair,
    ModelIds,
    NonEmptyText,
    OptionalDirectory,
    OptionalFile,
)

SETTING_GROUPS = {
    "host": "Network and security",
    "log_level": "Logging",
    "model_dir": "Models",
    "batch_tokens": "Scheduling",
    "max_title_code_points": "Limits",
    "drain_s": "Shutdown",
}
"""Heading of each group of settings in help and docs, by the group's first setting."""

CPU_SEQUENCES = 48
"""Default of batch_sequences on a CPU; smaller and much larger batches cost more per sequence
(measured by `bench.speed.sizes`)."""


def default_model_dir() -> Path:
    """Directory of the model store by the XDG base directory specification."""
    data = os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share"
    return Path(data) / "summsvc" / "models"


class Settings(BaseModel):
    """Settings of one server process; immutable.

    The constructor uses its keyword arguments and the defaults only.
    ``load_settings`` also reads the environment and files.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    host: NonEmptyText = Field(
        default="127.0.0.1",
        description="Address on which the server listens; 0.0.0.0 or [::]: all addresses.",
    )
    port: int = Field(
        default=50051, ge=0, le=65535, description="gRPC port; 0: a free port chosen at start."
    )
    health_port: int = Field(
        default=-1,
        ge=-1,
        le=65535,
        description="Additional gRPC port that serves health checks only, without TLS, for probes "
        "without a client certificate; 0: a free port, -1: disabled.",
    )
    metrics_host: NonEmptyText = Field(
        default="127.0.0.1", description="Address on which the metrics endpoint listens."
    )
    metrics_port: int = Field(
        default=9464,
        ge=-1,
        le=65535,
        description="HTTP port of /metrics; 0: a free port, -1: disabled.",
    )
    reflection: bool = Field(default=True, description="Enable gRPC server reflection.")
    tls_cert: OptionalFile = Field(
        default=None,
        description="PEM certificate chain of the server; enables TLS. tls_cert, tls_key, "
        "tls_client_ca and token_file are reloaded when they change, and on SIGHUP.",
    )
    tls_key: OptionalFile = Field(default=None, description="PEM private key of tls_cert.")
    tls_client_ca: OptionalFile = Field(
        default=None,
        description="PEM bundle of certificate authorities; clients must present a certificate "
        "signed by one of them (mTLS).",
    )
    token_file: OptionalFile = Field(
        default=None,
        description="File with one accepted bearer token per line; calls without an accepted "
        "token are rejected, except health checks.",
    )

    log_level: Literal["debug", "info", "warning", "error"] = Field(
        default="info", description="Minimum severity of logged messages."
    )
    log_format: Literal["json", "console"] = Field(
        default="json",
        description="Log format; json: one JSON object per line, console: human-readable text.",
    )

    model_dir: DirectoryPath = Field(
        default_factory=default_model_dir,
        description="Directory of the model store, with one subdirectory per model.",
        json_schema_extra={"default": "~/.local/share/summsvc/models"},
    )
    catalog_file: OptionalFile = Field(
        default=None, description="TOML file with additional catalog entries."
    )
    languages_dir: OptionalDirectory = Field(
        default=None,
        description="Folder with language files of your own, such as lv.toml; one replaces the "
        "packaged file of the same language. See docs/how-to/add-a-language.md.",
    )
    engine: Literal["auto", "ctranslate2", "transformers"] = Field(
        default="auto", description="Engine for models that both engines can run."
    )
    device: Literal["auto", "cpu", "cuda"] = Field(
        default="auto", description="Device on which models run; auto: a GPU if available."
    )
    compute_type: Literal["default", "float32", "int8", "bfloat16", "float16"] = Field(
        default="default",
        description="Number format of model weights; default: chosen by the engine.",
    )
    workers: int = Field(
        default=0,
        ge=0,
        le=256,
        description="Batches computed concurrently per model; 0: one per core.",
    )
    threads: int = Field(
        default=1, ge=1, le=256, description="Compute threads of each worker of a model."
    )
    shortlist: bool = Field(
        default=True, description="Limit outputs of student models to their lexical shortlist."
    )
    preload: ModelIds = Field(
        default=["all"],
        description="Ids of models to load at start, comma-separated; all: every installed "
        "model, none: no model. Other models are loaded on first use.",
    )
    idle_unload_s: float = Field(
        default=0,
        ge=0,
        description="Seconds without a request after which a model is unloaded from memory; "
        "0: never.",
    )
    pivot_language: str = Field(
        default="en",
        description="BCP-47 code of the intermediate language for pairs without a direct model; "
        "empty: no pivot translation.",
    )
    default_models: ModelIdByPair = Field(
        default_factory=dict,
        description="Model id by language pair (translation) or by language (summaries), for "
        "example en-ru=opus-en-ru,en=distilbart-cnn; used when a request names no model.",
    )

    summary_method: Literal["extractive", "abstractive", "auto"] = Field(
        default="extractive",
        description="Summary method for requests that do not name one; auto: abstractive if "
        "a valid model for the article's language is installed, else extractive.",
    )

    batch_tokens: int = Field(
        default=4096,
        ge=16,
        description="Maximum tokens in one batch: longest segment x segments x beams.",
    )
    batch_sequences: int = Field(
        default=0,
        ge=0,
        description="Maximum sequences in one batch: segments x beams; "
        f"0: {CPU_SEQUENCES} on a CPU, limited by batch_tokens alone on a GPU.",
    )
    batch_target_ms: float = Field(
        default=2000,
        gt=0,
        le=600_000,
        description="Target duration of a batch in milliseconds, by the measured speed; lower "
        "values shorten waiting times, higher values raise throughput.",
    )
    batch_wait_ms: float = Field(
        default=2.0,
        ge=0,
        le=1000,
        description="Milliseconds that a busy worker waits, per caller that it has just answered, "
        "for further requests of these callers to fill its next batch; at most a tenth of the "
        "duration of its last batch.",
    )
    hung_batch_s: float = Field(
        default=30,
        ge=0,
        description="Minimum seconds after which a batch counts as hung. The calls of a hung "
        "batch fail, and its worker continues in another thread; when as many batches hang at "
        "once as the model has workers, the model is reloaded. 0: batches never count as hung.",
    )
    hung_batch_factor: float = Field(
        default=10,
        ge=2,
        description="A batch counts as hung when it takes longer than hung_batch_s and longer "
        "than this factor times its estimated maximum duration: maximum decoding steps times the "
        "measured time per step, in proportion to segments x beams. For the two segments that "
        "a model computes when it is loaded, the limit is this factor times hung_batch_s each.",
    )
    max_queued_requests: Int32 = Field(
        default=1024,
        ge=1,
        description="Maximum requests queued per model, and maximum articles queued for "
        "segmentation; divided among the callers that have queued requests.",
    )
    max_pending_calls: Int32 = Field(
        default=10_000,
        ge=1,
        description="Maximum calls per method queued in the transport; gRPC rejects further calls "
        "immediately as CANCELLED, without details. Lower it for a model so small that the "
        "handling of calls is the main load, see docs/how-to/tune-throughput.md.",
    )
    max_streams_per_connection: Int32 = Field(
        default=512,
        ge=1,
        description="Maximum concurrent calls per connection; clients queue further calls "
        "locally until a call ends.",
    )
    max_queued_tokens: Int64 = Field(
        default=1_000_000, ge=1, description="Maximum tokens queued per model."
    )
    max_wait_s: float = Field(
        default=600,
        gt=0,
        description="Maximum queueing time in seconds, estimated by the measured speed, of a call "
        "without a deadline; a call that would wait longer is rejected.",
    )
    max_queued_code_points: Int64 = Field(
        default=10_000_000,
        ge=1,
        description="Maximum code points of articles queued for segmentation, counted "
        "separately for long articles and for all others.",
    )
    cache_bytes: int = Field(
        default=64 * 1024 * 1024,
        ge=0,
        description="Maximum bytes of cached model outputs; 0: no cache.",
    )
    text_threads: int = Field(
        default=0,
        ge=0,
        le=256,
        description="Threads for cleaning, segmentation and ranking; half as many additional "
        "threads serve long articles only. 0: one per core.",
    )

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

    drain_s: float = Field(
        default=25.0,
        ge=0,
        le=86_400,
        description="Seconds that accepted requests have to finish after SIGTERM; set it below "
        "the termination grace period of the orchestrator.",
    )

    @model_validator(mode="after")
    def _validate_tls(self) -> Settings:
        if (self.tls_cert is None) != (self.tls_key is None):
            raise ValueError("tls_cert and tls_key go together; only one of them is set")
        if self.tls_client_ca is not None and self.tls_cert is None:
            raise ValueError("tls_client_ca needs tls_cert and tls_key")
        return self
