"""Overload: requests above the limits are rejected with a retry delay, others are served."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import grpc
import pytest
from grpc_health.v1 import health_pb2
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc

from summsvc.config import Settings
from summsvc.scheduling.admission.admission import QueueLimits
from summsvc.scheduling.thread_queue import ThreadQueue
from summsvc.server.services.health import TRANSLATION_SERVICE
from summsvc.tasks.pipeline import text_workers
from summsvc.v1 import article_pb2, model_service_pb2, summarization_service_pb2
from summsvc.v1 import translation_service_pb2 as pb
from summsvc.v1.model_service_pb2_grpc import ModelServiceStub
from summsvc.v1.summarization_service_pb2_grpc import SummarizationServiceStub
from summsvc.v1.translation_service_pb2_grpc import TranslationServiceStub
from tests.running import Running, refusal, running
from tests.server.watched import ControlledEngine, eventually

BODY = "Nobody was hurt in the city number {}."
NOT_BRIEF = BODY + " Not one of those who live there was." * 8
"""Long enough to be read in a thread."""

TOKENS_PER_S = 50.0
CODE_POINTS_PER_S = 20.0


@pytest.fixture(scope="module")
def narrow(model_dir: Path) -> Iterator[Running]:
    """A server whose models queue at most two requests."""
    settings = Settings(
        port=0,
        metrics_port=-1,
        model_dir=model_dir,
        preload=["all"],
        workers=1,
        batch_tokens=64,
        max_queued_requests=2,
        max_message_bytes=200_000,
    )
    with running(settings) as server:
        server.wait_until_ready()
        yield server


@pytest.fixture
def channel(narrow: Running) -> Iterator[grpc.Channel]:
    with grpc.insecure_channel(narrow.address) as channel:
        yield channel


def request(body: str, **fields: Any) -> pb.TranslateRequest:
    article = article_pb2.Article(body=body, language_code="en")
    return pb.TranslateRequest(
        article=article, target_language_code="ru", bypass_cache=True, **fields
    )


@pytest.fixture
def full(narrow: Running, channel: grpc.Channel) -> Iterator[Callable[[], float]]:
    """Fill the queue of en-ru and set its measured rate; return that rate."""
    watched = ControlledEngine(narrow, "opus-en-ru")
    stub = TranslationServiceStub(channel)
    slot = narrow.server._pool._slots["opus-en-ru"]
    assert slot.scheduler is not None
    scheduler = slot.scheduler

    def waiting(requests: int) -> bool:
        return len(scheduler._queue) >= requests

    pending = [stub.Translate.future(request(BODY.format(0)))]
    watched.wait_for(1)
    for i in (1, 2):
        pending.append(stub.Translate.future(request(BODY.format(i))))
        eventually(partial(waiting, i))
    scheduler._admission.expect(tokens=int(TOKENS_PER_S), seconds=1)
    yield lambda: TOKENS_PER_S
    watched.restore()
    # What was accepted is answered.
    assert all(call.result(60).body for call in pending)
    watched.wait_until_idle()


def test_a_full_queue_rejects_with_a_retry_delay(
    full: Callable[[], float], channel: grpc.Channel
) -> None:
    with pytest.raises(grpc.RpcError) as caught:
        TranslationServiceStub(channel).Translate(request(BODY.format(3)))
    said = refusal(caught.value)
    assert (said.code, said.reason) == (grpc.StatusCode.RESOURCE_EXHAUSTED, "OVERLOADED")
    assert said.metadata["queued_requests"] == "2"
    assert said.retry_after is not None
    # The delay in which the queue loses as many tokens as the request has, at the measured rate.
    assert 5 <= said.retry_after * full() <= 60


def test_a_call_without_a_deadline_does_not_wait_for_ever(
    narrow: Running, full: Callable[[], float], channel: grpc.Channel
) -> None:
    scheduler = narrow.server._pool._slots["opus-en-ru"].scheduler
    assert scheduler is not None
    limits = scheduler._admission.limits
    seconds = scheduler._queue.tokens / full()
    scheduler._admission.limits = QueueLimits(1000, 1000, max_wait_s=seconds / 2)
    try:
        with pytest.raises(grpc.RpcError) as caught:
            TranslationServiceStub(channel).Translate(request(BODY.format(3)))
        said = refusal(caught.value)
        assert (said.code, said.reason) == (grpc.StatusCode.RESOURCE_EXHAUSTED, "OVERLOADED")
        # By then half of the queued work is done.
        assert said.retry_after == pytest.approx(seconds / 2, rel=0.01)
    finally:
        scheduler._admission.limits = limits


@pytest.mark.usefixtures("full")
def test_everything_else_answers_while_a_queue_is_full(
    narrow: Running, channel: grpc.Channel
) -> None:
    for service in ("", TRANSLATION_SERVICE):
        assert narrow.health(service) == health_pb2.HealthCheckResponse.SERVING
    models = ModelServiceStub(channel)
    assert models.GetServerInfo(model_service_pb2.GetServerInfoRequest()).version
    assert models.ListModels(model_service_pb2.ListModelsRequest()).models
    reflection = reflection_pb2_grpc.ServerReflectionStub(channel)
    asked = reflection_pb2.ServerReflectionRequest(list_services="*")
    (answer,) = reflection.ServerReflectionInfo(iter([asked]))
    assert answer.list_services_response.service
    # The queue of another model is not affected.
    other = request(BODY.format(4))
    other.target_language_code = "lt"
    assert TranslationServiceStub(channel).Translate(other).body


@pytest.fixture
def unread(narrow: Running, channel: grpc.Channel) -> Iterator[tuple[ThreadQueue, threading.Event]]:
    """All threads that read are busy until an event is set.

    Two articles wait for them, and their rate is known.
    """
    lane = narrow.server._workers._short
    limits = lane._admission.limits
    release = threading.Event()
    stub = SummarizationServiceStub(channel)
    busy = [lane.executor.submit(release.wait, 60) for _ in range(lane.executor._max_workers)]
    try:
        eventually(lambda: lane.executor._work_queue.qsize() == 0)
        pending = [stub.Summarize.future(to_summarize(i)) for i in range(2)]
        eventually(lambda: lane._backlog.requests == 2)
        lane._admission.expect(tokens=int(CODE_POINTS_PER_S), seconds=1)
        yield lane, release
    finally:
        lane._admission.limits = limits
        release.set()
        for each in busy:
            each.result()
    # What was accepted is answered.
    assert all(call.result(60).summary for call in pending)


def refused(server: Running) -> float:
    """Articles that found no room to wait for a thread."""
    labels = {"queue": "short", "reason": "OVERLOADED"}
    registry = server.server._registry
    return registry.get_sample_value("summsvc_unread_refused_total", labels) or 0.0


def to_summarize(number: int) -> summarization_service_pb2.SummarizeRequest:
    article = article_pb2.Article(body=NOT_BRIEF.format(number), language_code="en")
    return summarization_service_pb2.SummarizeRequest(article=article)


@pytest.mark.usefixtures("unread")
def test_a_full_text_queue_rejects_with_a_retry_delay(
    narrow: Running, channel: grpc.Channel
) -> None:
    before = refused(narrow)
    calls: dict[str, Callable[[], Any]] = {
        "Summarize": lambda: SummarizationServiceStub(channel).Summarize(to_summarize(3)),
        "Translate": lambda: TranslationServiceStub(channel).Translate(
            request(NOT_BRIEF.format(3))
        ),
    }
    for rpc, call in calls.items():
        with pytest.raises(grpc.RpcError) as caught:
            call()
        said = refusal(caught.value)
        assert (said.code, said.reason) == (grpc.StatusCode.RESOURCE_EXHAUSTED, "OVERLOADED"), rpc
        assert said.metadata["queued_requests"] == "2"
        length = len(NOT_BRIEF.format(3))
        assert said.metadata["queued_code_points"] == str(2 * length)
        assert said.retry_after == pytest.approx(length / CODE_POINTS_PER_S, rel=0.01)
    assert narrow.health() == health_pb2.HealthCheckResponse.SERVING
    models = ModelServiceStub(channel)
    assert models.GetServerInfo(model_service_pb2.GetServerInfoRequest()).version
    assert refused(narrow) == before + len(calls)


def test_in_a_batch_only_those_articles_are_refused_that_find_no_room(
    narrow: Running, unread: tuple[ThreadQueue, threading.Event], channel: grpc.Channel
) -> None:
    lane, release = unread
    requests = [to_summarize(i) for i in range(3)]
    message = summarization_service_pb2.BatchSummarizeRequest(requests=requests)
    before = refused(narrow)
    lane._admission.limits = QueueLimits(3, 2000)
    call = SummarizationServiceStub(channel).BatchSummarize.future(message)
    eventually(lambda: refused(narrow) == before + 2)
    release.set()
    codes = [result.error.code for result in call.result(60).results]
    assert sorted(codes) == [0, *[grpc.StatusCode.RESOURCE_EXHAUSTED.value[0]] * 2]


def test_a_deadline_by_which_an_article_cannot_be_read_is_refused_at_once(
    unread: tuple[ThreadQueue, threading.Event], channel: grpc.Channel
) -> None:
    lane, _ = unread
    lane._admission.limits = QueueLimits(1000, 1000)
    lane._admission.expect(tokens=1, seconds=10)
    with pytest.raises(grpc.RpcError) as caught:
        SummarizationServiceStub(channel).Summarize(to_summarize(3), timeout=100)
    said = refusal(caught.value)
    assert (said.code, said.reason) == (grpc.StatusCode.DEADLINE_EXCEEDED, "DEADLINE")
    assert float(said.metadata["needed_s"]) > float(said.metadata["left_s"]) > 10


@pytest.mark.usefixtures("full")
@pytest.mark.parametrize("mime_type", ["", "text/html", "text/markdown"])
@pytest.mark.parametrize("rpc", ["Translate", "Summarize"])
def test_a_long_article_is_rejected_before_it_is_read(
    channel: grpc.Channel, monkeypatch: pytest.MonkeyPatch, rpc: str, mime_type: str
) -> None:
    def never(*_: Any, **__: Any) -> Any:
        raise AssertionError("was read")

    monkeypatch.setattr(text_workers, "read", never)
    wanted = request("Nobody was hurt. " * 5_000)
    wanted.article.mime_type = mime_type
    # The queue of the model that would translate the summary is full.
    summary = summarization_service_pb2.SummarizeRequest(
        article=wanted.article, target_language_code="ru"
    )
    calls: dict[str, Callable[[], Any]] = {
        "Translate": lambda: TranslationServiceStub(channel).Translate(wanted),
        "Summarize": lambda: SummarizationServiceStub(channel).Summarize(summary),
    }
    with pytest.raises(grpc.RpcError) as caught:
        calls[rpc]()
    assert refusal(caught.value).reason == "OVERLOADED"


def test_a_deadline_beyond_the_measured_rate_is_rejected_at_once(
    narrow: Running, channel: grpc.Channel
) -> None:
    """The caller keeps most of its time to ask another server."""
    other = request("Nobody was hurt. " * 5_000)
    other.target_language_code = "lt"
    scheduler = narrow.server._pool._slots["opus-en-lt"].scheduler
    assert scheduler is not None
    scheduler._admission.expect(tokens=1, seconds=1)
    with pytest.raises(grpc.RpcError) as caught:
        TranslationServiceStub(channel).Translate(other, timeout=100)
    said = refusal(caught.value)
    assert (said.code, said.reason) == (grpc.StatusCode.DEADLINE_EXCEEDED, "DEADLINE")
    assert float(said.metadata["needed_s"]) > float(said.metadata["left_s"]) > 10


def test_a_reply_over_the_limit_is_rejected_with_advice(channel: grpc.Channel) -> None:
    body = "\n\n".join(["Nobody was hurt."] * 3_000)
    wanted = request(body, include_segments=True)
    # The summary was computed once.
    wanted.bypass_cache = False
    with pytest.raises(grpc.RpcError) as caught:
        TranslationServiceStub(channel).Translate(wanted)
    said = refusal(caught.value)
    assert (said.code, said.reason) == (grpc.StatusCode.INVALID_ARGUMENT, "TEXT_TOO_LONG")
    assert said.metadata["limit"] == "200000"
    assert "stream" in said.message


def test_a_short_summary_does_not_wait_behind_long_articles(
    narrow: Running, channel: grpc.Channel
) -> None:
    long = narrow.server._workers._long.executor
    release = threading.Event()
    books = [long.submit(release.wait, 60) for _ in range(long._max_workers)]
    try:
        article = article_pb2.Article(body="The talks will continue. " * 100)
        stub = SummarizationServiceStub(channel)
        assert stub.Summarize(summarization_service_pb2.SummarizeRequest(article=article)).summary
        assert not any(book.done() for book in books)
    finally:
        release.set()


def codes(server: Running, calls: int) -> Counter[grpc.StatusCode]:
    """Make this number of calls at once; count their codes."""
    with grpc.insecure_channel(server.address) as channel:
        translate = TranslationServiceStub(channel).Translate
        made = [translate.future(request(BODY.format(i))) for i in range(calls)]
        return Counter(call.code() for call in made)


def test_a_burst_is_accepted_completely(translating_server: Running) -> None:
    """By default gRPC cancels calls when more than a thousand are pending."""
    ended = codes(translating_server, 1500)
    assert set(ended) <= {grpc.StatusCode.OK, grpc.StatusCode.RESOURCE_EXHAUSTED}
    assert ended[grpc.StatusCode.OK] >= 1000


def test_calls_over_the_limit_of_pending_calls_are_rejected(model_dir: Path) -> None:
    settings = Settings(
        port=0, metrics_port=-1, model_dir=model_dir, preload=["all"], max_pending_calls=1
    )
    with running(settings) as server:
        server.wait_until_ready()
        ended = codes(server, 300)
        assert set(ended) == {grpc.StatusCode.OK, grpc.StatusCode.CANCELLED}
        assert server.health("") == health_pb2.HealthCheckResponse.SERVING
