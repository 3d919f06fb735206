"""Clients in full flow that do not retry, and how each of their calls ended."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import cast

import grpc

from summsvc.v1 import article_pb2
from summsvc.v1 import summarization_service_pb2 as summaries
from summsvc.v1 import translation_service_pb2 as translations
from summsvc.v1.summarization_service_pb2_grpc import SummarizationServiceStub
from summsvc.v1.translation_service_pb2_grpc import TranslationServiceStub
from tests.running import refusal

CALL_TIMEOUT_S = 60.0
"""Deadline of each call; a call without an answer ends with it."""

NOT_SENT = "UNAVAILABLE, not sent"
"""Outcome of a call for which the client found no server that listens."""

DRAINING = "UNAVAILABLE, DRAINING"
"""Outcome of a call that a server refused because it is shutting down."""

Metadata = tuple[tuple[str, str], ...]

SENTENCE = "The talks will continue."
TRANSLATION = "Переговоры продолжатся."


@dataclass
class Flow:
    """Calls of some clients. stopped: set to end them, each after its present call.

    outcomes: number of calls by outcome: "OK", "wrong answer", or the code with the reason.
    begun: number of calls that were started. translated: number of answered translations.
    """

    outcomes: Counter[str] = field(default_factory=Counter)
    begun: int = 0
    translated: int = 0
    stopped: asyncio.Event = field(default_factory=asyncio.Event)

    async def reaches(self, calls: int, outcome: str = "OK") -> None:
        """Wait until so many more calls ended with this outcome."""
        wanted = self.outcomes[outcome] + calls
        await self.until(lambda: self.outcomes[outcome] >= wanted)

    async def until(self, holds: Callable[[], bool]) -> None:
        """Wait until a condition holds."""
        async with asyncio.timeout(CALL_TIMEOUT_S):
            while not holds():  # noqa: ASYNC110
                await asyncio.sleep(0.005)


@asynccontextmanager
async def flow(
    target: str,
    clients: int,
    *,
    give_up: bool = True,
    model: bool = True,
    service_config: str = "",
) -> AsyncIterator[Flow]:
    """Run clients that call one after the other; on exit each ends after its present call.

    Every client has a connection of its own and no retry policy. Its request id is its number.
    give_up: whether a client ends at its first call that is not answered. model: whether a
    half of the clients translate. service_config: of the channels, in JSON.
    """
    made = Flow()
    options: list[tuple[str, int | str]] = [
        ("grpc.use_local_subchannel_pool", 1),
        ("grpc.initial_reconnect_backoff_ms", 100),
        ("grpc.max_reconnect_backoff_ms", 500),
    ]
    if service_config:
        options.append(("grpc.service_config", service_config))

    async def run(number: int) -> None:
        async with grpc.aio.insecure_channel(target, options=options) as channel:
            call = _translate if model and number % 2 else _summarize
            while not made.stopped.is_set():
                made.begun += 1
                outcome = await _outcome(call(channel, (("x-request-id", str(number)),)))
                made.outcomes[outcome] += 1
                made.translated += outcome == "OK" and call is _translate
                if give_up and outcome != "OK":
                    return

    async with asyncio.TaskGroup() as group:
        for number in range(clients):
            group.create_task(run(number))
        try:
            yield made
        finally:
            made.stopped.set()


async def _outcome(answered: Awaitable[bool]) -> str:
    try:
        return "OK" if await answered else "wrong answer"
    except grpc.aio.AioRpcError as error:
        return outcome_of(error)


def outcome_of(error: grpc.aio.AioRpcError) -> str:
    """Name the end of a failed call: its code, and the reason that the server gave."""
    code, details = error.code().name, error.details() or ""
    metadata = cast("Iterable[tuple[str, str | bytes]]", error.trailing_metadata() or ())
    if any(key == "grpc-status-details-bin" for key, _ in metadata):
        return f"{code}, {refusal(error).reason}"
    if code == "UNAVAILABLE" and "connect to all addresses" in details:
        return NOT_SENT
    return f"{code}, without a reason: {details[:80]}"


def _article() -> article_pb2.Article:
    return article_pb2.Article(body=SENTENCE, language_code="en")


async def _summarize(channel: grpc.aio.Channel, metadata: Metadata) -> bool:
    request = summaries.SummarizeRequest(article=_article())
    stub = SummarizationServiceStub(channel)
    response = await stub.Summarize(request, timeout=CALL_TIMEOUT_S, metadata=metadata)
    return [sentence.text for sentence in response.sentences] == [SENTENCE]


async def _translate(channel: grpc.aio.Channel, metadata: Metadata) -> bool:
    request = translations.TranslateRequest(
        article=_article(), target_language_code="ru", bypass_cache=True
    )
    stub = TranslationServiceStub(channel)
    response = await stub.Translate(request, timeout=CALL_TIMEOUT_S, metadata=metadata)
    return response.body == TRANSLATION
