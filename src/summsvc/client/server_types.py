"""What a server says of itself and its models, as values."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from google.protobuf.message import Message

from summsvc.client.options import DecodingOptions

HealthStatus = Literal["SERVING", "NOT_SERVING", "UNKNOWN"]
Task = Literal["translation", "summarization"]
ModelState = Literal["not_installed", "installed", "loading", "ready", "failed"]


@dataclass(frozen=True, slots=True)
class License:
    """A model's licence. spdx_id: SPDX identifier, or empty."""

    spdx_id: str
    note: str
    non_commercial: bool


@dataclass(frozen=True, slots=True)
class Model:
    """A model that a server knows.

    task, state: None when newer than this client. pairs: (source, target).
    size_bytes: on disk, or the approximate download. engine, device,
    compute_type: empty and max_input_tokens 0 while not loaded.
    """

    id: str
    task: Task | None
    state: ModelState | None
    error: str
    engine: str
    device: str
    compute_type: str
    pairs: tuple[tuple[str, str], ...]
    license: License
    size_bytes: int
    repository: str
    revision: str
    max_input_tokens: int
    decoding: DecodingOptions


@dataclass(frozen=True, slots=True)
class Route:
    """What serves a pair: one model, or two through another language."""

    source_language: str
    target_language: str
    models: tuple[str, ...]
    installed: bool


@dataclass(frozen=True, slots=True)
class ModelList:
    """The models of a server, by id, and its routes."""

    models: tuple[Model, ...]
    routes: tuple[Route, ...]
    raw: Message = dataclasses.field(repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class Limits:
    """What a server accepts; see ``Limits`` in the proto for units.

    Those that the server does not tell are 0.
    """

    max_title_code_points: int
    max_body_code_points: int
    max_batch_articles: int
    max_summary_sentences: int
    max_terms: int
    max_output_tokens: int
    max_message_bytes: int
    max_queued_requests: int
    max_queued_tokens: int
    max_wait_s: float
    max_queued_code_points: int
    max_pending_calls: int
    max_streams_per_connection: int


@dataclass(frozen=True, slots=True)
class ServerInfo:
    """What a server is.

    components: versions by name. languages: those identified and divided by
    rules made for them. uptime_s: seconds. default_summary_method: "extractive",
    "abstractive", "auto", or "" from a server that does not tell.
    """

    version: str
    components: Mapping[str, str]
    limits: Limits
    languages: tuple[str, ...]
    uptime_s: float
    mime_types: tuple[str, ...]
    default_summary_method: str
    raw: Message = dataclasses.field(repr=False, compare=False)
