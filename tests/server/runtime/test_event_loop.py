"""Event-loop latency: no article of any size and form blocks the loop."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2

from summsvc.articles.document import Document, Segment
from summsvc.articles.length import Length
from summsvc.articles.reader import read
from summsvc.articles.renderer import Renderer
from summsvc.articles.segmentation import MAX_SENTENCE_CODE_POINTS
from summsvc.config import Settings
from summsvc.engines.base import Seq2SeqEngine
from summsvc.server.codec import to_proto
from summsvc.tasks.pipeline.splitting import split
from summsvc.tasks.pipeline.stage import PipelineOutput
from summsvc.tasks.pipeline.text_workers import BRIEF_ARTICLE
from summsvc.tasks.pipeline.usage import Stats
from summsvc.tasks.quality.check_cache import Checks
from summsvc.tasks.summarization.extractive import extract
from summsvc.tasks.summarization.types import Summary
from summsvc.tasks.translation.assembly import Assembly, whole_translation
from summsvc.tasks.translation.checking import CheckedOutput, accepted
from summsvc.tasks.translation.glossary import Terms, translatable
from summsvc.tasks.translation.types import TranslationFinished, TranslationStarted
from summsvc.types import Article, MimeType
from summsvc.v1 import article_pb2, summarization_service_pb2
from summsvc.v1 import translation_service_pb2 as pb
from summsvc.v1.summarization_service_pb2_grpc import SummarizationServiceStub
from summsvc.v1.translation_service_pb2_grpc import TranslationServiceStub
from tests.checkpoints import pairs
from tests.running import Running, running
from tests.server.codec.test_bad_input import raw
from tests.server.steps import longest_step
from tests.server.turns import IterationTimer, machine_s, measured_loop

SIZE = 1_000_000
SHARE = 0.1
"""Largest share of the CPU time of reading the article that one loop iteration may take.

Reading 1 MB takes most of a second in a text worker. A step on the loop for all its segments
at once takes a third of that or more; a step for one group of segments takes less than a
hundredth.
"""


def always_allowed() -> float:
    """CPU seconds that an iteration may always take, however fast the article is read."""
    return 2 * machine_s()


OPTIONS = [("grpc.max_receive_message_length", -1)]


@pytest.fixture(scope="module")
def measured(model_dir: Path) -> Iterator[tuple[Running, IterationTimer]]:
    """A server with both models, and the timer of its loop iterations."""
    loop, timer = measured_loop()
    settings = Settings(port=0, metrics_port=-1, model_dir=model_dir, preload=["all"])
    with running(settings, loop) as server:
        server.wait_until_ready()
        # Collections while the server is idle, before or after a call, are not measured.
        server.server._gc_policy._idle = lambda: False
        yield server, timer


def filled(parts: list[str], separator: str) -> str:
    """Repeat the parts until they make an article of full size."""
    count = SIZE // (sum(map(len, parts)) + len(separator) * len(parts)) - 1
    return separator.join(parts * count)


SENTENCES = [source for source, _ in pairs("en-ru")]
PARAGRAPHS = [" ".join(SENTENCES[i : i + 5]) for i in range(0, len(SENTENCES), 5)]
ARTICLES = {
    "plain": (filled(PARAGRAPHS, "\n\n"), MimeType.PLAIN),
    "html": (
        filled([f"<p>A <b>bold</b> word. {text}</p>" for text in PARAGRAPHS], ""),
        MimeType.HTML,
    ),
    "markdown": (filled([f"## {PARAGRAPHS[0]}", *PARAGRAPHS], "\n\n"), MimeType.MARKDOWN),
    "one line": (filled(SENTENCES, " "), MimeType.PLAIN),
    "no spaces": ("abcdefghij" * (SIZE // 10), MimeType.PLAIN),
    "no spaces in html": ("abcdefghij" * (SIZE // 10), MimeType.HTML),
    "no spaces in markdown": ("abcdefghij" * (SIZE // 10), MimeType.MARKDOWN),
    "a word a line": ("bishop\n" * 100_000, MimeType.PLAIN),
    "digits": ("1234567890 " * (SIZE // 11), MimeType.PLAIN),
}
TRANSLATED = ("plain", "html", "markdown")


def limit(article: Article) -> float:
    begun = time.thread_time()
    read(article)
    return max(always_allowed(), SHARE * (time.thread_time() - begun))


def does_not_block(timer: IterationTimer, most: float, call: Callable[[], Any]) -> Any:
    """Call until no iteration took more than ``most`` seconds, in three attempts; return the reply.

    A delay by the code occurs each time, a delay by the machine only sometimes.
    """
    for _ in range(3):
        timer.longest = 0.0
        reply = call()
        if timer.longest < most:
            return reply
    raise AssertionError(f"{timer.longest:.3f} s in a loop iteration, three times")


class Neighbour:
    """Make a health check every ten milliseconds during the block."""

    def __init__(self, server: Running) -> None:
        self._server = server
        self._stop = threading.Event()
        self.answers: list[int] = []
        self._thread = threading.Thread(target=self._ask)

    def _ask(self) -> None:
        with grpc.insecure_channel(self._server.address) as channel:
            check = health_pb2_grpc.HealthStub(channel).Check
            while not self._stop.wait(0.01):
                answer = check(health_pb2.HealthCheckRequest(), timeout=10)
                self.answers.append(answer.status)

    def __enter__(self) -> Neighbour:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()


@pytest.mark.parametrize("name", [name for name in ARTICLES if name not in TRANSLATED])
def test_a_summary_of_a_megabyte_does_not_block_the_loop(
    measured: tuple[Running, IterationTimer], name: str
) -> None:
    server, timer = measured
    body, mime_type = ARTICLES[name]
    request = summarization_service_pb2.SummarizeRequest(
        article=article_pb2.Article(body=body, mime_type=mime_type.value, language_code="en"),
        length=summarization_service_pb2.SummaryLength(ratio=1.0),
    )
    most = limit(Article("", body, "en", mime_type))
    with grpc.insecure_channel(server.address, OPTIONS) as channel, Neighbour(server) as neighbour:
        summarize = SummarizationServiceStub(channel).Summarize
        does_not_block(timer, most, lambda: summarize(request))
    assert set(neighbour.answers) == {health_pb2.HealthCheckResponse.SERVING}


@pytest.mark.parametrize("name", TRANSLATED)
def test_a_translation_of_a_megabyte_does_not_block_the_loop(
    measured: tuple[Running, IterationTimer], name: str
) -> None:
    server, timer = measured
    body, mime_type = ARTICLES[name]
    request = pb.TranslateRequest(
        article=article_pb2.Article(body=body, mime_type=mime_type.value, language_code="en"),
        target_language_code="ru",
        include_segments=True,
        decoding=article_pb2.DecodingOptions(beam_size=1, length_penalty=1.0),
    )
    most = limit(Article("", body, "en", mime_type))

    def anew() -> Any:
        # Options that do not affect a greedy search, so that nothing is in the cache yet.
        request.decoding.length_penalty += 0.001
        return translate(request)

    with grpc.insecure_channel(server.address, OPTIONS) as channel, Neighbour(server) as neighbour:
        translate = TranslationServiceStub(channel).Translate
        # Without a deadline, because repeated segments count in full at admission.
        answer = does_not_block(timer, most, anew)
    assert len(answer.segments) > 5000
    assert set(neighbour.answers) == {health_pb2.HealthCheckResponse.SERVING}


BRIEF_ARTICLES = {
    "lines": ("a\r" * BRIEF_ARTICLE, MimeType.PLAIN),
    "paragraphs": ("x\n\n" * BRIEF_ARTICLE, MimeType.PLAIN),
    "table": ("|a|b|\n|-|-|\n" + "|a|b|\n" * BRIEF_ARTICLE, MimeType.MARKDOWN),
    "headings": ("a\n=\n" * BRIEF_ARTICLE, MimeType.MARKDOWN),
    "tags": ("<p>a<b>c</b>" * BRIEF_ARTICLE, MimeType.HTML),
}


@pytest.mark.parametrize("name", BRIEF_ARTICLES)
def test_a_brief_article_does_not_block_the_loop(
    measured: tuple[Running, IterationTimer], name: str
) -> None:
    server, timer = measured
    body, mime_type = BRIEF_ARTICLES[name]
    article = article_pb2.Article(
        body=body[:BRIEF_ARTICLE], mime_type=mime_type.value, language_code="en"
    )
    request = summarization_service_pb2.SummarizeRequest(article=article)
    with grpc.insecure_channel(server.address) as channel:
        summarize = SummarizationServiceStub(channel).Summarize
        does_not_block(timer, always_allowed(), lambda: summarize(request))


LISTS: dict[str, tuple[str, Any, bytes]] = {
    "batch": (
        "summsvc.v1.TranslationService/BatchTranslate",
        pb.BatchTranslateRequest,
        b"\x0a\x00",
    ),
    "glossary": ("summsvc.v1.TranslationService/Translate", pb.TranslateRequest, b"\x32\x00"),
    "health": ("grpc.health.v1.Health/Check", health_pb2.HealthCheckRequest, b"\x0a\x00"),
    "reflection": (
        "grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo",
        reflection_pb2.ServerReflectionRequest,
        b"\x0a\x00",
    ),
}
"""Method, request message, and the encoded field that the message is filled with."""


def refused(channel: grpc.Channel, method: str, data: bytes) -> grpc.StatusCode:
    with pytest.raises(grpc.RpcError) as caught:
        raw(channel, method, data)
    return caught.value.code()


@pytest.mark.parametrize("name", LISTS)
def test_a_request_of_many_fields_does_not_block_the_loop(
    measured: tuple[Running, IterationTimer], name: str
) -> None:
    server, timer = measured
    method, message, unit = LISTS[name]
    data = unit * (8 * SIZE // len(unit))
    begun = time.thread_time()
    message.FromString(data)
    most = max(always_allowed(), SHARE * (time.thread_time() - begun))
    with grpc.insecure_channel(server.address) as channel:
        code = does_not_block(timer, most, lambda: refused(channel, f"/{method}", data))
    assert code is grpc.StatusCode.INVALID_ARGUMENT


# Below: no call of C code and no deallocation of objects holds the GIL for long.
# In any thread, that would block the event loop.

MANY = {
    "a word a line": ("bishop\n" * 10_000, MimeType.PLAIN),
    "emphasis": ("*a* " * 30_000, MimeType.MARKDOWN),
    "deep tags": (f"{'<div><b>' * 10_000}A word.{'</b></div>' * 10_000}", MimeType.HTML),
}
WATCHED = ("no spaces", "no spaces in html", "no spaces in markdown", "digits")


def bearable() -> float:
    """CPU time of one call that finds the words of a megabyte on this machine; at least 20 ms."""
    begun = time.thread_time()
    re.findall(r"\w+", "word " * 200_000)
    return max(always_allowed(), time.thread_time() - begun)


@pytest.mark.parametrize("name", [*WATCHED, *MANY])
def test_no_step_of_a_summary_holds_the_gil(name: str) -> None:
    body, mime_type = {**ARTICLES, **MANY}[name]
    step = longest_step(lambda: summarized(Article("", body, "en", mime_type)))
    assert step.seconds < bearable(), f"{step.seconds:.3f} s at {step.where}"


def summarized(article: Article) -> bytes:
    """Execute all steps of an extractive summary, without the server."""
    document = read(article)
    sentences, warnings = extract(document, Length(ratio=1.0))
    summary = Summary(
        sentences=sentences,
        language=document.language,
        target="en",
        extractive=True,
        models=(),
        warnings=warnings,
        stats=Stats(),
    )
    return to_proto.encode_summary(100 * SIZE, summary)


@pytest.mark.parametrize("name", ["plain"])
def test_no_step_of_assembling_a_translation_holds_the_gil(name: str) -> None:
    body, mime_type = ARTICLES[name]
    document = read(Article("", body, "en", mime_type))
    step = longest_step(lambda: put_together(document))
    assert step.seconds < bearable(), f"{step.seconds:.3f} s at {step.where}"


def put_together(document: Document) -> bytes:
    """Encode a reply whose translations equal their sources, with segments."""
    renderer = Renderer(document)
    outputs = list(map(CheckedOutput.unchanged, document.segments))
    assembly = Assembly(renderer, document.segments, range(len(outputs)))
    segments = assembly.place(outputs)
    closing = renderer.finish()
    translation = whole_translation(
        TranslationStarted(document.language, "en", len(segments), (), ()),
        segments,
        TranslationFinished(closing.body, closing.title, (), Stats()),
    )
    return to_proto.encode_translation(100 * SIZE, translation, include_segments=True)


@pytest.mark.parametrize("body", ["abcdefghij" * 6_000, "1234567890 " * 5_400])
def test_no_step_of_the_longest_sentence_holds_the_gil(
    measured: tuple[Running, IterationTimer], body: str
) -> None:
    (segment,) = read(Article("", body, "en")).body
    assert len(segment.text) > 0.8 * MAX_SENTENCE_CODE_POINTS
    scheduler = measured[0].server._pool._slots["opus-en-ru"].scheduler
    assert scheduler is not None
    step = longest_step(lambda: cut_and_checked(segment, scheduler.engine))
    assert step.seconds < bearable(), f"{step.seconds:.3f} s at {step.where}"


def cut_and_checked(segment: Segment, engine: Seq2SeqEngine) -> None:
    """Execute the steps around the model for a segment whose output equals its source."""
    found = Terms.of((), (), "en").find(segment.text)
    translatable(segment.text, found)
    split(segment.text, lambda parts: engine.count_tokens(parts, "en", "ru"), 128)
    output = PipelineOutput(segment.text, -0.1, complete=True, pieces=1)
    accepted(segment, output, "en", "ru", found, Checks())
