"""Result types of server information: models, routes, limits, health."""

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
    """Licence of a model. spdx_id: SPDX identifier, or empty."""

    spdx_id: str
    note: str
    non_commercial: bool


@dataclass(frozen=True, slots=True)
class Model:
    """A model of the server's catalog or store.

    task, state: None if newer than this client. pairs: (source, target) BCP-47
    codes. size_bytes: bytes on disk if installed, else the approximate download
    size. engine: empty if not installed. device, compute_type: empty, and
    max_input_tokens 0, if not loaded. word_alignment: whether the loaded model gives
    one, by which inline markup of a translation is placed.
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
    word_alignment: bool = False


@dataclass(frozen=True, slots=True)
class Route:
    """Models that serve a language pair: one, or two through a pivot language."""

    source_language: str
    target_language: str
    models: tuple[str, ...]
    installed: bool


@dataclass(frozen=True, slots=True)
class ModelList:
    """Models of a server in the order of their ids, and its routes."""

    models: tuple[Model, ...]
    routes: tuple[Route, ...]
    raw: Message = dataclasses.field(repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits of a server for this caller; units as in ``Limits`` of the proto.

    0: the server does not report this limit, or the caller has none.
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
    max_request_s: float
    max_receive_s: float
    max_header_bytes: int
    max_connections: int
    max_handshake_s: float
    max_connection_idle_s: float
    max_connection_age_s: float
    max_connection_age_grace_s: float
    max_caller_calls: int = 0
    max_caller_queued_tokens: int = 0


@dataclass(frozen=True, slots=True)
class ServerInfo:
    """Version, limits and languages of a server.

    components: version by component name. languages: BCP-47 codes of languages that
    the server identifies and for which it has sentence rules. uptime_s: seconds
    since the server started. default_summary_method: "extractive", "abstractive",
    "auto", or "" if the server does not report it. caller: name by which the server
    knows this caller, or "". processes: server processes that share the port, each with
    these limits; 0 if the server does not report it.
    """

    version: str
    components: Mapping[str, str]
    limits: Limits
    languages: tuple[str, ...]
    uptime_s: float
    mime_types: tuple[str, ...]
    default_summary_method: str
    raw: Message = dataclasses.field(repr=False, compare=False)
    caller: str = ""
    processes: int = 0
