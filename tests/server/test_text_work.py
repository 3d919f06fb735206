"""Cancellation of text work in threads: it ends, and other calls are served meanwhile."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path

import grpc
import pytest
from structlog.testing import capture_logs

from summsvc.articles.document import Document
from summsvc.articles.reader import read
from summsvc.config import Settings
from summsvc.interruption import Interrupted, interruptible
from summsvc.scheduling import thread_queue
from summsvc.tasks.pipeline import text_workers
from summsvc.v1 import article_pb2
from summsvc.v1 import summarization_service_pb2 as pb
from summsvc.v1.summarization_service_pb2_grpc import SummarizationServiceStub
from tests.running import Running, refusal, running
from tests.server.watched import eventually

THREADS = 2
ENDLESS = "The endless article"
LONG = "The president met the mayor in Riga on Friday. " * 100
"""Too long to be read on the event loop; it shares its threads with the endless work."""


@dataclass
class Endless:
    """Reads articles of one title repeatedly until it is cancelled, and others as usual.

    ended: the exception that ended each repeated read. looks: cancellations that it noticed.
    """

    begun: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))
    ended: list[BaseException] = field(default_factory=list)
    looks: int = 0

    def read(self, article: object, **options: object) -> Document:
        if getattr(article, "title", "") == ENDLESS:
            self.begun.release()
            try:
                while True:
                    read(article, **options)  # type: ignore[arg-type]
            except BaseException as error:
                self.ended.append(error)
                raise
        return read(article, **options)  # type: ignore[arg-type]

    def interruptible(self, unwanted: Callable[[], bool]) -> AbstractContextManager[None]:
        def looked() -> bool:
            told = unwanted()
            self.looks += told
            return told

        return interruptible(looked)

    def wait_until_begun(self, works: int = THREADS) -> None:
        for _ in range(works):
            assert self.begun.acquire(timeout=60)


@pytest.fixture
def endless(monkeypatch: pytest.MonkeyPatch) -> Endless:
    made = Endless()
    monkeypatch.setattr(text_workers, "read", made.read)
    monkeypatch.setattr(thread_queue, "interruptible", made.interruptible)
    return made


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Running]:
    settings = Settings(
        port=0, metrics_port=-1, model_dir=tmp_path, text_threads=THREADS, drain_s=1
    )
    with running(settings) as started:
        yield started


@pytest.fixture
def channel(server: Running) -> Iterator[grpc.Channel]:
    with grpc.insecure_channel(server.address) as channel:
        yield channel


def summarize(
    channel: grpc.Channel, title: str, timeout: float
) -> grpc.Future[pb.SummarizeResponse]:
    article = article_pb2.Article(title=title, body=LONG, language_code="en")
    request = pb.SummarizeRequest(article=article)
    return SummarizationServiceStub(channel).Summarize.future(request, timeout=timeout)


def unread(server: Running) -> int:
    return server.server._workers._short._backlog.requests


def test_disconnected_callers_free_the_text_threads(
    server: Running, channel: grpc.Channel, endless: Endless
) -> None:
    with capture_logs() as logs:
        leaving = [summarize(channel, ENDLESS, 120) for _ in range(THREADS)]
        endless.wait_until_begun()
        other = summarize(channel, "Another one", 120)
        for call in leaving:
            call.cancel()
        assert other.result().sentences
        eventually(lambda: unread(server) == 0)
    assert [type(each) for each in endless.ended] == [Interrupted] * THREADS
    # It ends at the first check for cancellation.
    assert endless.looks == THREADS
    codes = sorted(entry["code"] for entry in logs if entry["event"] == "call")
    assert codes == ["CANCELLED"] * THREADS + ["OK"]
    assert not [entry for entry in logs if entry["log_level"] in ("error", "critical", "warning")]


def test_passed_deadlines_free_the_text_threads(
    server: Running, channel: grpc.Channel, endless: Endless
) -> None:
    late = [summarize(channel, ENDLESS, 2) for _ in range(THREADS)]
    endless.wait_until_begun()
    assert summarize(channel, "Another one", 120).result().sentences
    for call in late:
        with pytest.raises(grpc.RpcError) as caught:
            call.result()
        assert caught.value.code() is grpc.StatusCode.DEADLINE_EXCEEDED
    eventually(lambda: unread(server) == 0)
    assert [type(each) for each in endless.ended] == [Interrupted] * THREADS


def test_shutdown_ends_text_work_and_its_callers_get_an_error(
    server: Running, channel: grpc.Channel, endless: Endless
) -> None:
    with capture_logs() as logs:
        calls = [summarize(channel, ENDLESS, 120) for _ in range(THREADS)]
        endless.wait_until_begun()
        server.stop()
    for call in calls:
        with pytest.raises(grpc.RpcError) as caught:
            call.result()
        assert caught.value.code() is grpc.StatusCode.UNAVAILABLE
        assert refusal(caught.value).reason == "DRAINING"
    eventually(lambda: len(endless.ended) == THREADS)
    assert [type(each) for each in endless.ended] == [Interrupted] * THREADS
    assert not [entry for entry in logs if entry["log_level"] in ("error", "critical")]
