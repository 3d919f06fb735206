"""Random calls of every method, form and size, and what becomes of each."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc

from summsvc.v1 import (
    article_pb2,
    model_service_pb2,
    model_service_pb2_grpc,
    summarization_service_pb2,
    summarization_service_pb2_grpc,
    translation_service_pb2,
    translation_service_pb2_grpc,
)
from tests.checkpoints import pairs

WEIGHTS = {
    "translate": 45,
    "stream": 12,
    "translate batch": 5,
    "translate long": 1,
    "summarize": 20,
    "summarize batch": 3,
    "models": 4,
    "info": 4,
    "health": 6,
}
"""Frequency of each kind of call in percent."""

FATES = {"answered": 84, "cancelled": 8, "late": 5, "invalid": 3}
"""Frequency of each fate in percent: left to be answered; cancelled by the client; with a
deadline that is too short; with a body that the server rejects."""

PATIENCE_S = 0.06
"""Seconds within which clients cancel a call, and largest of the deadlines that are too short."""

TIMEOUT_S = 30.0
"""Deadline of the other calls in seconds."""

Send = Callable[[float], Awaitable[Any]]


@dataclass(frozen=True)
class Outcome:
    """What became of a call. ended, seconds: by the monotonic clock. message: of an error."""

    kind: str
    fate: str
    status: str
    ended: float
    seconds: float
    message: str = ""


class Caller:
    """Makes random calls over one channel."""

    def __init__(self, channel: grpc.aio.Channel, chooser: random.Random) -> None:
        self._chooser = chooser
        self._known = [source for source, _ in pairs("en-ru")]
        # Generated stubs have no types for grpc.aio.
        self._translation: Any = translation_service_pb2_grpc.TranslationServiceStub(channel)
        self._summaries: Any = summarization_service_pb2_grpc.SummarizationServiceStub(channel)
        self._models: Any = model_service_pb2_grpc.ModelServiceStub(channel)
        self._health: Any = health_pb2_grpc.HealthStub(channel)

    async def call(self, *, undisturbed: bool = False) -> Outcome:
        """Make one random call. undisturbed: leave it to be answered."""
        kind = self._choose(WEIGHTS)
        fate = "answered" if undisturbed else self._choose(FATES)
        send = self._request(kind, invalid=fate == "invalid")
        return await self._make(kind, fate, send)

    async def visit(self, target: str, model: str) -> Outcome:
        """Translate one sentence with a model that may be out of memory or not installed."""
        request = self._translate(self._article("plain", 1), target)
        request.model = model
        return await self._make(
            f"model {model}",
            "visit",
            lambda limit: self._translation.Translate(request, timeout=limit),
        )

    async def _make(self, kind: str, fate: str, send: Send) -> Outcome:
        begun, status, message = time.monotonic(), "OK", ""
        patience = self._chooser.uniform(0.001, PATIENCE_S)
        sending = asyncio.ensure_future(send(patience if fate == "late" else TIMEOUT_S))
        try:
            if fate == "cancelled":
                await asyncio.wait([sending], timeout=patience)
                sending.cancel()
            await sending
        except asyncio.CancelledError:
            status = "CANCELLED"
        except grpc.aio.AioRpcError as error:
            status, message = error.code().name, error.details() or ""
        ended = time.monotonic()
        return Outcome(kind, fate, status, ended, ended - begun, message)

    def _request(self, kind: str, *, invalid: bool) -> Send:
        if kind == "models":
            listing = model_service_pb2.ListModelsRequest(installed_only=True)
            return lambda limit: self._models.ListModels(listing, timeout=limit)
        if kind == "info":
            info = model_service_pb2.GetServerInfoRequest()
            return lambda limit: self._models.GetServerInfo(info, timeout=limit)
        if kind == "health":
            check = health_pb2.HealthCheckRequest(service="summsvc.v1.TranslationService")
            return lambda limit: self._health.Check(check, timeout=limit)
        sentences = 60 if kind == "translate long" else self._chooser.choice((1, 1, 1, 8, 14))
        article = self._article(self._chooser.choice(("plain", "html", "markdown")), sentences)
        if invalid:
            article.body = "\0"
        if kind.startswith("summarize"):
            return self._summarize(kind, article)
        request = self._translate(article, "ru")
        if kind == "stream":
            return lambda limit: self._stream(request, limit)
        if kind == "translate batch":
            batch = translation_service_pb2.BatchTranslateRequest(requests=[request] * 3)
            return lambda limit: self._translation.BatchTranslate(batch, timeout=limit)
        return lambda limit: self._translation.Translate(request, timeout=limit)

    def _summarize(self, kind: str, article: article_pb2.Article) -> Send:
        request = summarization_service_pb2.SummarizeRequest(article=article)
        request.length.max_sentences = 2
        if kind == "summarize":
            return lambda limit: self._summaries.Summarize(request, timeout=limit)
        batch = summarization_service_pb2.BatchSummarizeRequest(requests=[request] * 4)
        return lambda limit: self._summaries.BatchSummarize(batch, timeout=limit)

    async def _stream(
        self, request: translation_service_pb2.TranslateRequest, limit: float
    ) -> None:
        """Read a stream to its end; one of eight clients leaves after the first message."""
        leaves = self._chooser.random() < 1 / 8
        stream = self._translation.StreamTranslate(
            translation_service_pb2.StreamTranslateRequest(request=request), timeout=limit
        )
        async for _ in stream:
            if leaves:
                stream.cancel()
                return

    def _translate(
        self, article: article_pb2.Article, target: str
    ) -> translation_service_pb2.TranslateRequest:
        return translation_service_pb2.TranslateRequest(
            article=article,
            target_language_code=target,
            include_segments=self._chooser.random() < 0.3,
            decoding=article_pb2.DecodingOptions(beam_size=1),
            # Two thirds of the texts are computed, the others may come from the cache.
            bypass_cache=self._chooser.random() < 2 / 3,
        )

    def _article(self, form: str, sentences: int) -> article_pb2.Article:
        chosen = self._chooser.choices(self._known, k=sentences)
        paragraphs = [" ".join(chosen[i : i + 3]) for i in range(0, len(chosen), 3)]
        title, mime_type = self._chooser.choice(self._known), f"text/{form}"
        if form == "html":
            inner = "".join(f"<p>{paragraph}</p>" for paragraph in paragraphs)
            menu = "<nav><a href='/'>Home</a> <a href='/sport'>Sport</a></nav>"
            page = f"<html><body>{menu}<article><h1>{title}</h1>{inner}</article></body></html>"
            body, title = (page, "") if self._chooser.random() < 0.5 else (inner, title)
        elif form == "markdown":
            body = f"## {title}\n\n" + "\n\n".join(f"**{p[:5]}**{p[5:]}" for p in paragraphs)
        else:
            body = "\n\n".join(paragraphs)
        return article_pb2.Article(title=title, body=body, mime_type=mime_type, language_code="en")

    def _choose(self, weights: dict[str, int]) -> str:
        return self._chooser.choices([*weights], [*weights.values()])[0]
