"""The metrics of a server after calls of all kinds: conventions, bounded labels, and counts."""

from __future__ import annotations

import re
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import grpc
import pytest
from prometheus_client import CollectorRegistry
from prometheus_client.metrics_core import Metric
from prometheus_client.openmetrics.parser import text_string_to_metric_families
from prometheus_client.samples import Sample

from summsvc.config import Settings
from summsvc.engines.base import Task
from summsvc.errors import SummsvcError
from summsvc.models.catalog import Catalog
from summsvc.models.store.store import Store
from summsvc.scheduling.jobs import Priority, RetryCause
from summsvc.tasks.pipeline.metrics import ResultMetrics
from summsvc.types import Warning, WarningType
from summsvc.v1 import article_pb2
from summsvc.v1 import summarization_service_pb2 as summaries
from summsvc.v1 import translation_service_pb2 as translations
from summsvc.v1.summarization_service_pb2_grpc import SummarizationServiceStub
from summsvc.v1.translation_service_pb2_grpc import TranslationServiceStub
from tests.checkpoints import marian
from tests.running import Running, running
from tests.server.watched import ControlledEngine, eventually

CHOSEN = "zyzzyva"
"""Every value that a caller can choose contains it; no label may."""

SENTENCE = "The president met the mayor in Riga on Friday."
TRANSLATE = "/summsvc.v1.TranslationService/Translate"
UNITS = ("seconds", "tokens", "segments", "ratio", "bytes", "code_points")
"""Units in which histograms may be; those of time and size are base units of Prometheus."""


def reasons(kind: type[SummsvcError] = SummsvcError) -> set[str]:
    """The reasons of all errors."""
    return {kind.reason}.union(*map(reasons, kind.__subclasses__()))


LABELS = {
    "method": {"unknown", TRANSLATE}
    | {f"/summsvc.v1.TranslationService/{name}" for name in ("BatchTranslate", "StreamTranslate")}
    | {f"/summsvc.v1.SummarizationService/{name}" for name in ("Summarize", "BatchSummarize")},
    "code": {code.name for code in grpc.StatusCode},
    "reason": reasons(),
    "caller": {"anonymous"},
    "model": {"opus-en-ru", "opus-en-lt"},
    "priority": {each.name.lower() for each in Priority},
    "state": {"waiting", "computing"},
    "cause": {each.value for each in RetryCause},
    "outcome": {"applied", "missed"},
    "queue": {"short", "long"},
    "type": {each.name for each in WarningType},
}
"""The values of each label."""


@dataclass(frozen=True)
class Page:
    """A page of the metrics endpoint."""

    text: str

    @property
    def families(self) -> list[Metric]:
        return list(text_string_to_metric_families(self.text))  # type: ignore[no-untyped-call]

    @property
    def samples(self) -> list[Sample]:
        return [sample for family in self.families for sample in family.samples]

    def value(self, name: str, **labels: str) -> float:
        """The sum over the samples with these labels."""
        return sum(
            sample.value
            for sample in self.samples
            if sample.name == f"summsvc_{name}" and labels.items() <= sample.labels.items()
        )


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A server with one model that works and one that cannot be loaded."""
    store, catalog = Store(tmp_path_factory.mktemp("models")), Catalog.load()
    for language in ("ru", "lt"):
        id = f"opus-en-{language}"
        store.add(marian(f"en-{language}"), id, Task.TRANSLATION, entry=catalog.get(id))
    weights = max((store.root / "opus-en-lt").rglob("*"), key=lambda file: file.lstat().st_size)
    weights.resolve().unlink()
    settings = Settings(
        port=0,
        metrics_port=0,
        model_dir=store.root,
        preload=["opus-en-ru"],
        workers=1,
        max_queued_requests=1,
    )
    with running(settings) as server:
        server.wait_until_ready()
        yield server


@pytest.fixture(scope="module")
def page(server: Running) -> Page:
    """The metrics after calls of all kinds."""
    with grpc.insecure_channel(server.address) as channel:
        make_calls(server, channel)
    return scraped(server)


def scraped(server: Running) -> Page:
    url = f"http://127.0.0.1:{server.server.metrics_port}/metrics"
    accept = {"Accept": "application/openmetrics-text; version=1.0.0"}
    with urllib.request.urlopen(urllib.request.Request(url, headers=accept)) as reply:
        body: bytes = reply.read()
    return Page(body.decode())


def request(body: str = SENTENCE, target: str = "ru", **fields: Any) -> Any:
    article = article_pb2.Article(body=body, language_code="en")
    return translations.TranslateRequest(
        article=article, target_language_code=target, bypass_cache=True, **fields
    )


def make_calls(server: Running, channel: grpc.Channel) -> None:
    translator, summarizer = TranslationServiceStub(channel), SummarizationServiceStub(channel)
    metadata = (("x-request-id", CHOSEN), ("authorization", f"Bearer {CHOSEN}"))

    def rejected(wanted: Any) -> grpc.StatusCode:
        with pytest.raises(grpc.RpcError) as raised:
            translator.Translate(wanted, metadata=metadata, timeout=120)
        return raised.value.code()

    glossary = [translations.GlossaryEntry(source="president", target=CHOSEN)]
    bodies = f"{SENTENCE}\n\nThe talks will continue in {CHOSEN} for a long time, he said."
    translator.Translate(request(bodies, glossary=glossary), metadata=metadata, timeout=120)
    list(translator.StreamTranslate(translations.StreamTranslateRequest(request=request())))
    translator.BatchTranslate(translations.BatchTranslateRequest(requests=[request()]))
    byline = article_pb2.Article(body=f"By Jane {CHOSEN.title()}\n\n{SENTENCE}\n\n{SENTENCE}")
    summarizer.Summarize(summaries.SummarizeRequest(article=byline))
    assert rejected(request(model=CHOSEN)) is grpc.StatusCode.INVALID_ARGUMENT
    assert rejected(request(target=CHOSEN)) is grpc.StatusCode.INVALID_ARGUMENT
    assert rejected(request(target="lt")) is grpc.StatusCode.FAILED_PRECONDITION
    unknown = channel.unary_unary(
        f"/summsvc.v1.TranslationService/{CHOSEN}", lambda sent: sent, lambda received: received
    )
    with pytest.raises(grpc.RpcError):
        unknown(b"", timeout=60)
    engine = ControlledEngine(server, "opus-en-ru")
    scheduler = server.server._pool._slots["opus-en-ru"].scheduler
    assert scheduler is not None
    computing = translator.Translate.future(request(), timeout=120)
    engine.wait_for(1)
    waiting = translator.Translate.future(request(), timeout=120)
    eventually(lambda: len(scheduler._queue) == 1)
    assert rejected(request()) is grpc.StatusCode.RESOURCE_EXHAUSTED
    for call in (waiting, computing):
        call.cancel()  # type: ignore[no-untyped-call]
    engine.wait_until_left()
    engine.free()
    engine.wait_until_idle()
    engine.restore()


def test_names_help_texts_and_units_follow_the_conventions(page: Page) -> None:
    ours = {each.name: each for each in page.families if each.name.startswith("summsvc_")}
    assert len(ours) > 35
    for name, family in ours.items():
        assert re.fullmatch(r"[a-z][a-z0-9]*(_[a-z0-9]+)+", name)
        assert re.fullmatch(r"\S.*\S\.", family.documentation), name
        assert not re.search(r"_(?:total|count|sum|bucket|ms|milliseconds|percent)$", name)
        assert family.type in {"counter", "gauge", "histogram"}, name
        if family.type == "histogram":
            assert name.endswith(UNITS), name


def test_every_label_has_only_values_that_no_caller_can_choose(page: Page) -> None:
    assert CHOSEN not in page.text.lower()
    assert "127.0.0.1" not in page.text
    for sample in page.samples:
        if sample.name.startswith("summsvc_"):
            for label, value in sample.labels.items():
                assert label == "le" or value in LABELS[label], sample


@pytest.mark.parametrize(
    ("name", "labels", "count"),
    [
        ("call_errors_total", {"method": TRANSLATE, "reason": "UNKNOWN_MODEL"}, 1),
        ("call_errors_total", {"method": TRANSLATE, "reason": "LANGUAGE_UNKNOWN"}, 1),
        ("call_errors_total", {"method": TRANSLATE, "reason": "MODEL_BROKEN"}, 1),
        ("call_errors_total", {"method": TRANSLATE, "reason": "OVERLOADED"}, 1),
        ("call_errors_total", {"method": "unknown", "reason": "UNKNOWN_METHOD"}, 1),
        ("calls_total", {"method": TRANSLATE, "code": "CANCELLED"}, 2),
        ("refused_requests_total", {"model": "opus-en-ru", "reason": "OVERLOADED"}, 1),
        ("cancelled_requests_total", {"state": "waiting"}, 1),
        ("cancelled_requests_total", {"state": "computing"}, 1),
        ("queue_wait_seconds_count", {"priority": "bulk"}, 1),
        ("model_load_seconds_count", {"model": "opus-en-ru"}, 1),
        ("model_load_seconds_count", {"model": "opus-en-lt"}, 0),
        ("model_load_failures_total", {"model": "opus-en-lt"}, 1),
        ("model_load_failures_total", {"model": "opus-en-ru"}, 0),
        ("warnings_total", {"type": "BOILERPLATE_REMOVED"}, 1),
        ("warnings_total", {"type": "PIVOT"}, 0),
        ("terms_total", {"outcome": "applied"}, 1),
    ],
)
def test_each_kind_of_call_is_counted(
    page: Page, name: str, labels: dict[str, str], count: int
) -> None:
    assert page.value(name, **labels) == count


def test_rare_faults_have_a_value_before_they_occur(page: Page) -> None:
    there = {(each.name, each.labels.get("model")) for each in page.samples}
    for name in (
        "stalled_batches_total",
        "model_reloads_total",
        "abandoned_engines",
        "failed_segments_total",
        "expired_requests_total",
        "model_load_failures_total",
    ):
        assert (f"summsvc_{name}", "opus-en-ru") in there


def test_tokens_of_padding_and_of_missing_terms_are_counted(page: Page) -> None:
    computed = page.value("input_tokens_total")
    assert 0 < page.value("retried_tokens_total", cause="term") < computed
    assert 0 < page.value("padding_tokens_total") < computed
    # The first call: its two sentences differ in length. One more job is of the term.
    assert page.value("queue_wait_seconds_count", priority="interactive") >= 5


def test_warnings_and_terms_of_results_are_counted() -> None:
    registry = CollectorRegistry()
    metrics = ResultMetrics(registry)
    metrics.count_warnings([Warning(WarningType.PIVOT, ""), Warning(WarningType.PIVOT, "")])
    metrics.count_terms([True, False, True])
    value = registry.get_sample_value
    assert value("summsvc_warnings_total", {"type": "PIVOT"}) == 2
    assert value("summsvc_warnings_total", {"type": "REPETITION"}) == 0
    assert value("summsvc_terms_total", {"outcome": "applied"}) == 2
    assert value("summsvc_terms_total", {"outcome": "missed"}) == 1
