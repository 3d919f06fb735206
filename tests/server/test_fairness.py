"""Fairness between callers: a flood of one caller neither delays nor rejects another one."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import grpc
import pytest

from summsvc.config import Settings
from summsvc.server.call_steps import Call
from summsvc.v1 import article_pb2
from summsvc.v1 import summarization_service_pb2 as summaries
from summsvc.v1 import translation_service_pb2 as translations
from summsvc.v1.summarization_service_pb2_grpc import SummarizationServiceStub
from summsvc.v1.translation_service_pb2_grpc import TranslationServiceStub
from tests.running import Running, running
from tests.server.watched import eventually

FLOOD = 300
CALLS = 4
SEQUENCES = 8
WAITING = 60
REPEAT_S = 10.0
"""Seconds after which a rejected call of the flood is repeated."""


class Seen:
    """Records how many other calls the server finished between a call's start and its end."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._served = 0
        self._begun: dict[str, int] = {}
        self.between: dict[str, list[int]] = {}
        begin, finish = Call.__aenter__, Call._finish

        async def begin_seen(call: Call) -> None:
            self._begun[call._id] = self._served
            await begin(call)

        def finish_seen(call: Call, code: str, **facts: str) -> None:
            finish(call, code, **facts)
            between = self._served - self._begun.pop(call._id)
            self.between.setdefault(call._context.peer(), []).append(between)
            self._served += code == "OK"

        monkeypatch.setattr(Call, "__aenter__", begin_seen)
        monkeypatch.setattr(Call, "_finish", finish_seen)

    def fewest(self, calls: int) -> list[int]:
        """Return these numbers for the connection that made ``calls`` calls."""
        (found,) = (each for each in self.between.values() if len(each) == calls)
        return found


class Flood:
    """Concurrent calls of one caller; each call that ends is repeated."""

    def __init__(self, call: Callable[[int], Any]) -> None:
        self._call = call
        # A call may be done when its callback is added. Held while a call is made, so that none
        # is made after ``stop``.
        self._lock = threading.RLock()
        self._made = 0
        self._over = False
        self.ended: Counter[grpc.StatusCode] = Counter()
        for _ in range(FLOOD):
            self._make()

    def _make(self) -> None:
        with self._lock:
            if self._over:
                return
            self._made += 1
            self._call(self._made).add_done_callback(self._done)

    def _done(self, call: Any) -> None:
        code = call.code()
        with self._lock:
            self.ended[code] += 1
        if code is grpc.StatusCode.OK:
            self._make()
        else:
            # At once, rejected calls would take the GIL from the engine of this process.
            timer = threading.Timer(REPEAT_S, self._make)
            timer.daemon = True
            timer.start()

    @property
    def served(self) -> int:
        return self.ended[grpc.StatusCode.OK]

    def stop(self) -> None:
        with self._lock:
            self._over = True


@contextmanager
def flooded(
    server: Running, kind: str, connections: int, metadata: tuple[tuple[str, str], ...]
) -> Iterator[Flood]:
    with ExitStack() as stack:
        calls = [
            caller(stack.enter_context(channel(server)), kind, metadata) for _ in range(connections)
        ]
        flood = Flood(lambda number: calls[number % connections](number, True))
        stack.callback(flood.stop)
        eventually(lambda: flood.served > SEQUENCES)
        yield flood


def channel(server: Running) -> grpc.Channel:
    # Otherwise channels to one address would share a connection.
    options = [("grpc.use_local_subchannel_pool", 1), ("grpc.enable_retries", 0)]
    return grpc.insecure_channel(server.address, options=options)


def caller(
    channel: grpc.Channel, kind: str, metadata: tuple[tuple[str, str], ...]
) -> Callable[[int, bool], Any]:
    """Makes a call of a number, in a batch of its own or in one of a flood."""

    def method(stub: Any, request: Any, *, flood: bool) -> Any:
        return (stub.future if flood else stub)(request, metadata=metadata)

    def article(body: str) -> article_pb2.Article:
        return article_pb2.Article(body=body, language_code="en")

    def translate(number: int, flood: bool) -> Any:
        request = translations.TranslateRequest(
            article=article(f"Nobody was hurt in the city number {number}."),
            target_language_code="ru",
            bypass_cache=True,
        )
        return method(TranslationServiceStub(channel).Translate, request, flood=flood)

    def summarize(number: int, flood: bool) -> Any:
        body = f"Nobody was hurt in the city number {number}. " * 40
        request = summaries.SummarizeRequest(article=article(body))
        return method(SummarizationServiceStub(channel).Summarize, request, flood=flood)

    return translate if kind == "translate" else summarize


@pytest.mark.parametrize("kind", ["translate", "summarize"])
@pytest.mark.parametrize(
    ("connections", "tokens"),
    [(1, None), pytest.param(5, None, marks=pytest.mark.slow), (5, ("first", "second"))],
)
def test_a_caller_beside_a_flood_is_served_fairly_and_not_rejected(
    model_dir: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    kind: str,
    connections: int,
    tokens: tuple[str, str] | None,
) -> None:
    token_file = None
    first: tuple[tuple[str, str], ...] = ()
    second = first
    if tokens:
        token_file = tmp_path / "tokens"
        token_file.write_text("\n".join(tokens))
        first, second = ((("authorization", f"Bearer {token}"),) for token in tokens)
    settings = Settings(
        port=0,
        metrics_port=-1,
        model_dir=model_dir,
        preload=["opus-en-ru"],
        workers=1,
        text_threads=1,
        batch_sequences=SEQUENCES,
        max_queued_requests=WAITING,
        token_file=token_file,
    )
    seen = Seen(monkeypatch)
    with running(settings) as server:
        server.wait_until_ready()
        with flooded(server, kind, connections, first), channel(server) as other:
            call = caller(other, kind, second)
            for number in range(CALLS):
                call(10_000 + number, False)
        # In order of arrival, all queued calls of the flood would be served first.
        between = seen.fewest(CALLS)
        assert sorted(between)[CALLS // 2] < WAITING, between
