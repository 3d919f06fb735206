"""Cancelled calls and passed deadlines: no further work is done for them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.rpc import code_pb2

from summsvc.config import Settings
from summsvc.v1 import article_pb2
from summsvc.v1 import summarization_service_pb2 as summaries
from summsvc.v1 import translation_service_pb2 as translations
from summsvc.v1.summarization_service_pb2_grpc import SummarizationServiceStub
from summsvc.v1.translation_service_pb2_grpc import TranslationServiceStub
from tests.running import Running, running
from tests.server.watched import ControlledEngine, eventually

SENTENCES = [f"The bishop met the judge in Paris on day {i}." for i in range(400)]
GREEDY = article_pb2.DecodingOptions(beam_size=1)


@pytest.fixture(scope="module")
def small_batches(model_dir: Path) -> Iterator[Running]:
    """A server that computes one small batch at a time."""
    settings = Settings(
        port=0, metrics_port=-1, model_dir=model_dir, preload=["all"], workers=1, batch_tokens=256
    )
    with running(settings) as server:
        server.wait_until_ready()
        yield server


@pytest.fixture
def watched(small_batches: Running) -> Iterator[ControlledEngine]:
    model = ControlledEngine(small_batches, "opus-en-ru")
    yield model
    model.restore()
    model.wait_until_idle()


@pytest.fixture
def channel(small_batches: Running) -> Iterator[grpc.Channel]:
    with grpc.insecure_channel(small_batches.address) as channel:
        yield channel


def article(part: slice = slice(None)) -> article_pb2.Article:
    return article_pb2.Article(body="\n\n".join(SENTENCES[part]), language_code="en")


def to_translate(part: slice = slice(None)) -> translations.TranslateRequest:
    return translations.TranslateRequest(
        article=article(part), target_language_code="ru", decoding=GREEDY, bypass_cache=True
    )


def to_summarize(part: slice = slice(None)) -> summaries.SummarizeRequest:
    return summaries.SummarizeRequest(
        article=article(part),
        target_language_code="ru",
        length=summaries.SummaryLength(ratio=1.0),
        decoding=GREEDY,
        bypass_cache=True,
    )


def in_parts(request: Callable[[slice], Any], count: int) -> list[Any]:
    return [request(slice(i, i + 20)) for i in range(0, count, 20)]


class Caller:
    """Makes calls of each kind with the first ``count`` sentences."""

    def __init__(self, channel: grpc.Channel, timeout: float, count: int = len(SENTENCES)) -> None:
        self._summaries = SummarizationServiceStub(channel)
        self._translations = TranslationServiceStub(channel)
        self._timeout = timeout
        self._count = count

    def Translate(self) -> Any:
        request = to_translate(slice(self._count))
        return self._translations.Translate.future(request, timeout=self._timeout)

    def StreamTranslate(self) -> Any:
        request = translations.StreamTranslateRequest(request=to_translate(slice(self._count)))
        return self._translations.StreamTranslate(request, timeout=self._timeout)

    def BatchTranslate(self) -> Any:
        parts = in_parts(to_translate, self._count)
        request = translations.BatchTranslateRequest(requests=parts)
        return self._translations.BatchTranslate.future(request, timeout=self._timeout)

    def Summarize(self) -> Any:
        request = to_summarize(slice(self._count))
        return self._summaries.Summarize.future(request, timeout=self._timeout)

    def BatchSummarize(self) -> Any:
        parts = in_parts(to_summarize, self._count)
        request = summaries.BatchSummarizeRequest(requests=parts)
        return self._summaries.BatchSummarize.future(request, timeout=self._timeout)


def ended(rpc: str, call: Any) -> set[int]:
    """Codes of a call's end; at its deadline a batch may still return one code per article."""
    try:
        messages = list(call) if rpc == "StreamTranslate" else [call.result()]
    except grpc.RpcError as error:
        return {error.code().value[0]}
    results = [result for message in messages for result in getattr(message, "results", ())]
    return {result.error.code for result in results} or {code_pb2.OK}


CALLS = ("Translate", "StreamTranslate", "BatchTranslate", "Summarize", "BatchSummarize")


@pytest.mark.parametrize("rpc", CALLS)
def test_no_batch_is_computed_after_the_caller_disconnects(
    watched: ControlledEngine, channel: grpc.Channel, rpc: str
) -> None:
    call = getattr(Caller(channel, 120), rpc)()
    watched.let(2)
    watched.wait_for(3)
    call.cancel()
    watched.wait_until_left()
    watched.free()
    watched.wait_until_idle()
    assert len(watched.batches) == 3


@pytest.mark.parametrize("rpc", CALLS)
def test_no_batch_is_computed_after_the_deadline(
    watched: ControlledEngine, channel: grpc.Channel, rpc: str
) -> None:
    # Few enough for the deadline: more would be rejected at once.
    call = getattr(Caller(channel, 2, count=60), rpc)()
    watched.wait_for(1)
    assert ended(rpc, call) == {code_pb2.DEADLINE_EXCEEDED}
    watched.wait_until_left()
    watched.free()
    watched.wait_until_idle()
    assert len(watched.batches) == 1


@pytest.mark.parametrize("rpc", CALLS)
def test_an_article_without_a_waiting_caller_is_not_read(
    small_batches: Running,
    watched: ControlledEngine,
    channel: grpc.Channel,
    monkeypatch: pytest.MonkeyPatch,
    rpc: str,
) -> None:
    """All text workers are busy; callers that disconnect leave no queued work behind."""
    workers = small_batches.server._workers
    executor = workers._short.executor
    release = threading.Event()
    busy = [executor.submit(release.wait, 60) for _ in range(executor._max_workers)]
    eventually(lambda: all(each.running() for each in busy))
    read: list[object] = []
    submit = executor.submit

    def counted(work: Callable[..., Any], *arguments: Any) -> Any:
        def noted() -> Any:
            read.append(work)
            return work(*arguments)

        return submit(noted)

    monkeypatch.setattr(executor, "submit", counted)
    try:
        call = getattr(Caller(channel, 120), rpc)()
        eventually(lambda: executor._work_queue.qsize() > 0)
        call.cancel()
        watched.wait_until_left()
        release.set()
        for each in busy:
            each.result()
        eventually(lambda: executor._work_queue.qsize() == 0)
        assert not read
        assert workers._short._backlog.requests == 0
    finally:
        release.set()
    assert not watched.batches
