"""The event loop only orchestrates: no article, whatever its size and form, holds it up."""

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
from summsvc.articles.reader import LONGEST, read
from summsvc.articles.renderer import Renderer
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
from tests.server.turns import Turns, measured_loop

SIZE = 1_000_000
SHARE = 0.1
"""Of the CPU time that reading the article takes, the most that one turn of the loop may.

Reading 1 MB takes most of a second, in a text worker. Whatever is done to all its
segments at once on the loop takes a third of that and more; what the loop does
for one group of segments, less than a hundredth.
"""

MOST_S = 0.02
"""Never too long for a turn, though the article be read in no time."""


OPTIONS = [("grpc.max_receive_message_length", -1)]


@pytest.fixture(scope="module")
def measured(model_dir: Path) -> Iterator[tuple[Running, Turns]]:
    """A server with both models, and what the turns of its loop cost."""
    loop, turns = measured_loop()
    settings = Settings(port=0, metrics_port=-1, model_dir=model_dir, preload=["all"])
    with running(settings, loop) as server:
        server.wait_until_ready()
        # What is collected in an idle moment, before or after a call, is not of its turns.
        server.server._turns._idle = lambda: False
        yield server, turns


def filled(parts: list[str], separator: str) -> str:
    """So many of the parts, again and again, that they make an article of full size."""
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
    return max(MOST_S, SHARE * (time.thread_time() - begun))


def holds_nobody_up(turns: Turns, most: float, call: Callable[[], Any]) -> Any:
    """Call until no turn took longer than ``most`` seconds, at most three times; the reply.

    What the code does to the loop it does each time; the machine does it now and then.
    """
    for _ in range(3):
        turns.longest = 0.0
        reply = call()
        if turns.longest < most:
            return reply
    raise AssertionError(f"{turns.longest:.3f} s in a turn, again and again")


class Neighbour:
    """A health check every ten milliseconds, for the length of a block."""

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
def test_a_summary_of_a_megabyte_holds_nobody_up(
    measured: tuple[Running, Turns], name: str
) -> None:
    server, turns = measured
    body, mime_type = ARTICLES[name]
    request = summarization_service_pb2.SummarizeRequest(
        article=article_pb2.Article(body=body, mime_type=mime_type.value, language_code="en"),
        length=summarization_service_pb2.SummaryLength(ratio=1.0),
    )
    most = limit(Article("", body, "en", mime_type))
    with grpc.insecure_channel(server.address, OPTIONS) as channel, Neighbour(server) as neighbour:
        summarize = SummarizationServiceStub(channel).Summarize
        holds_nobody_up(turns, most, lambda: summarize(request))
    assert set(neighbour.answers) == {health_pb2.HealthCheckResponse.SERVING}


@pytest.mark.parametrize("name", TRANSLATED)
def test_a_translation_of_a_megabyte_holds_nobody_up(
    measured: tuple[Running, Turns], name: str
) -> None:
    server, turns = measured
    body, mime_type = ARTICLES[name]
    request = pb.TranslateRequest(
        article=article_pb2.Article(body=body, mime_type=mime_type.value, language_code="en"),
        target_language_code="ru",
        include_segments=True,
        decoding=article_pb2.DecodingOptions(beam_size=1, length_penalty=1.0),
    )
    most = limit(Article("", body, "en", mime_type))

    def anew() -> Any:
        # Under other options, of no account to a greedy search: nothing is in the cache yet.
        request.decoding.length_penalty += 0.001
        return translate(request)

    with grpc.insecure_channel(server.address, OPTIONS) as channel, Neighbour(server) as neighbour:
        translate = TranslationServiceStub(channel).Translate
        # Without a deadline: what repeats itself counts in full at admission.
        answer = holds_nobody_up(turns, most, anew)
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
def test_a_brief_article_holds_nobody_up(measured: tuple[Running, Turns], name: str) -> None:
    server, turns = measured
    body, mime_type = BRIEF_ARTICLES[name]
    article = article_pb2.Article(
        body=body[:BRIEF_ARTICLE], mime_type=mime_type.value, language_code="en"
    )
    request = summarization_service_pb2.SummarizeRequest(article=article)
    with grpc.insecure_channel(server.address) as channel:
        summarize = SummarizationServiceStub(channel).Summarize
        holds_nobody_up(turns, MOST_S, lambda: summarize(request))


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
"""Methods, messages that they take, and a field that such a message shall be full of."""


def refused(channel: grpc.Channel, method: str, data: bytes) -> grpc.StatusCode:
    with pytest.raises(grpc.RpcError) as caught:
        raw(channel, method, data)
    return caught.value.code()


@pytest.mark.parametrize("name", LISTS)
def test_a_request_of_endless_fields_holds_nobody_up(
    measured: tuple[Running, Turns], name: str
) -> None:
    server, turns = measured
    method, message, unit = LISTS[name]
    data = unit * (8 * SIZE // len(unit))
    begun = time.thread_time()
    message.FromString(data)
    most = max(MOST_S, SHARE * (time.thread_time() - begun))
    with grpc.insecure_channel(server.address) as channel:
        code = holds_nobody_up(turns, most, lambda: refused(channel, f"/{method}", data))
    assert code is grpc.StatusCode.INVALID_ARGUMENT


# Below: no call of C code, and no freeing of objects, holds the interpreter's lock for long.
# Whoever does, in whatever thread, holds the event loop up.

MANY = {
    "a word a line": ("bishop\n" * 10_000, MimeType.PLAIN),
    "emphasis": ("*a* " * 30_000, MimeType.MARKDOWN),
    "deep tags": (f"{'<div><b>' * 10_000}A word.{'</b></div>' * 10_000}", MimeType.HTML),
}
WATCHED = ("no spaces", "no spaces in html", "no spaces in markdown", "digits")


def bearable() -> float:
    """CPU time of finding the words of a megabyte, now and here, in one call; 20 ms at least."""
    begun = time.thread_time()
    re.findall(r"\w+", "word " * 200_000)
    return max(MOST_S, time.thread_time() - begun)


@pytest.mark.parametrize("name", [*WATCHED, *MANY])
def test_no_step_of_a_summary_holds_the_lock(name: str) -> None:
    body, mime_type = {**ARTICLES, **MANY}[name]
    step = longest_step(lambda: summarized(Article("", body, "en", mime_type)))
    assert step.seconds < bearable(), f"{step.seconds:.3f} s at {step.where}"


def summarized(article: Article) -> bytes:
    """All that is done about an extract of an article, without the server."""
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
    return to_proto.summary(100 * SIZE, summary)


@pytest.mark.parametrize("name", ["plain"])
def test_no_step_of_putting_a_translation_together_holds_the_lock(name: str) -> None:
    body, mime_type = ARTICLES[name]
    document = read(Article("", body, "en", mime_type))
    step = longest_step(lambda: put_together(document))
    assert step.seconds < bearable(), f"{step.seconds:.3f} s at {step.where}"


def put_together(document: Document) -> bytes:
    """A reply that says the same in the same language, segments included."""
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
    return to_proto.translation(100 * SIZE, translation, include_segments=True)


@pytest.mark.parametrize("body", ["abcdefghij" * 6_000, "1234567890 " * 5_400])
def test_no_step_about_the_longest_sentence_holds_the_lock(
    measured: tuple[Running, Turns], body: str
) -> None:
    (segment,) = read(Article("", body, "en")).body
    assert len(segment.text) > 0.8 * LONGEST
    scheduler = measured[0].server._pool._slots["opus-en-ru"].scheduler
    assert scheduler is not None
    step = longest_step(lambda: cut_and_checked(segment, scheduler.engine))
    assert step.seconds < bearable(), f"{step.seconds:.3f} s at {step.where}"


def cut_and_checked(segment: Segment, engine: Seq2SeqEngine) -> None:
    """What is done about a segment beside the model, were its output the source again."""
    found = Terms.of((), (), "en").find(segment.text)
    translatable(segment.text, found)
    split(segment.text, lambda parts: engine.count_tokens(parts, "en", "ru"), 128)
    output = PipelineOutput(segment.text, -0.1, complete=True, pieces=1)
    accepted(segment, output, "en", "ru", found, Checks())
