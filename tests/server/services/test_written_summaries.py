"""Abstractive summaries of a trained model through gRPC: sentences, length, flagged claims.

The model has memorised news articles of three sentences and returns their first sentence; for
a longer article it generates similar sentences that the article does not support.
"""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import grpc
import pytest
from click.testing import CliRunner

from bench.quality.agreement import install
from summsvc.articles.length import count_words
from summsvc.cli.app import cli
from summsvc.config import Settings
from summsvc.engines.base import Task
from summsvc.models.catalog import Catalog
from summsvc.models.store.store import Store
from summsvc.server.services.health import SUMMARIZATION_SERVICE
from summsvc.v1 import article_pb2
from summsvc.v1 import summarization_service_pb2 as pb
from summsvc.v1.summarization_service_pb2_grpc import SummarizationServiceStub
from tests.checkpoints import known, marian, news, pairs
from tests.running import running

ARTICLES = known("bart", "en")
LONG = "\n\n".join(article for article, _ in ARTICLES)
CITIES = "|".join(names[0] for names in news.CITIES)
GREEDY = article_pb2.DecodingOptions(beam_size=1)

TRUNCATED = article_pb2.WARNING_TYPE_OUTPUT_TRUNCATED
NOT_MET = article_pb2.WARNING_TYPE_LENGTH_NOT_MET
UNSUPPORTED = article_pb2.WARNING_TYPE_UNSUPPORTED_CLAIM


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Summarizers of English and Russian, and translators into Russian and Lithuanian."""
    store = Store(tmp_path_factory.mktemp("written") / "store")
    install(store, "bart")
    install(store, "mt5")
    for id in ("opus-en-ru", "opus-en-lt"):
        entry = Catalog.load().get(id)
        store.add(marian(id.removeprefix("opus-")), id, Task.TRANSLATION, entry=entry)
    return store.root


@pytest.fixture(scope="module")
def address(store: Path) -> Iterator[str]:
    """A server that makes abstractive summaries by default where it has a model."""
    settings = Settings(port=0, metrics_port=-1, model_dir=store, summary_method="auto")
    with running(settings) as server:
        server.wait_until_ready(SUMMARIZATION_SERVICE)
        yield server.address


@pytest.fixture(scope="module")
def writing(address: str) -> Iterator[grpc.Channel]:
    with grpc.insecure_channel(address) as channel:
        yield channel


def summarize(
    channel: grpc.Channel, body: str, language: str = "en", **fields: Any
) -> pb.SummarizeResponse:
    lengths = {name: fields.pop(name) for name in list(fields) if name in LENGTHS}
    article = article_pb2.Article(body=body, language_code=language)
    request = pb.SummarizeRequest(article=article, length=pb.SummaryLength(**lengths), **fields)
    return SummarizationServiceStub(channel).Summarize(request, timeout=120)


LENGTHS = {field.name for field in pb.SummaryLength.DESCRIPTOR.fields}


def told(answer: pb.SummarizeResponse, kind: int) -> list[str]:
    return [warning.message for warning in answer.warnings if warning.type == kind]


def test_the_example_of_the_docs_runs(
    address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = (Path(__file__).parents[3] / "docs" / "benchmarks" / "quality.md").read_text("utf-8")
    (command,) = re.findall(r"^summsvc (evaluate .*--method abstractive.*)$", page, re.MULTILINE)
    monkeypatch.chdir(tmp_path)
    with Path("articles.jsonl").open("w", encoding="utf-8") as file:
        for body, lead in ARTICLES[15:20]:
            case = {"body": body, "summary": lead, "language_code": "en"}
            file.write(f"{json.dumps(case)}\n")
    done = CliRunner().invoke(cli, [*shlex.split(command), "--server", address])
    assert done.exit_code == 0, done.output
    (row,) = [line for line in done.stdout.splitlines() if line.startswith("abstractive ")][:1]
    # The model was trained on the reference.
    assert row.split()[1:4] == ["100.0", "[100.0,", "100.0]"]


@pytest.mark.parametrize("index", [15, 30, 60, 90])
def test_the_output_is_the_learned_summary(writing: grpc.Channel, index: int) -> None:
    article, lead = ARTICLES[index]
    answer = summarize(writing, article, max_sentences=1, decoding=GREEDY)
    assert answer.summary == lead
    assert answer.method == pb.SUMMARY_METHOD_ABSTRACTIVE
    (use,) = answer.models
    assert (use.model, use.source_language_code, use.target_language_code) == ("bart", "en", "en")
    assert not answer.warnings


def test_auto_extracts_in_a_language_without_a_model(writing: grpc.Channel) -> None:
    body = "Prezidentas susitiko su meru Rygoje. Niekas nenukentėjo. Rytoj lis."
    answer = summarize(writing, body, "lt", max_sentences=1)
    assert answer.method == pb.SUMMARY_METHOD_EXTRACTIVE
    assert answer.summary in body


def test_all_of_a_long_article_is_read(writing: grpc.Channel) -> None:
    answer = summarize(writing, LONG, max_words=100, decoding=GREEDY)
    assert len(LONG.split()) > 1024
    # Tokens are words or parts of words, so there are at least as many tokens as words.
    assert answer.stats.input_tokens > len(LONG.split())
    assert answer.summary


@pytest.mark.parametrize(
    "length",
    [
        {"max_words": 12}, {"max_words": 60}, {"max_words": 150}, {"max_words": 400},
        {"max_sentences": 1}, {"max_sentences": 4}, {"max_sentences": 12},
        {"ratio": 0.05}, {"ratio": 0.3},
    ],
    ids=str,
)  # fmt: skip
def test_the_length_is_met_within_a_fifth_or_the_answer_says_by_how_much(
    writing: grpc.Channel, length: dict[str, Any]
) -> None:
    answer = summarize(writing, LONG, decoding=GREEDY, **length)
    words = sum(count_words(sentence.text) for sentence in answer.sentences)
    if "max_sentences" in length:
        had, asked = len(answer.sentences), length["max_sentences"]
    else:
        total = count_words(LONG)
        had, asked = words, length.get("max_words") or int(length["ratio"] * total)
    assert 0 < had <= asked
    assert [sentence.text[-1] for sentence in answer.sentences] == ["."] * len(answer.sentences)
    messages = told(answer, NOT_MET)
    assert bool(messages) is (had < 0.8 * asked)
    for message in messages:
        assert f"{had} of the {asked}" in message


@pytest.mark.parametrize("length", [{"max_words": 60}, {"max_sentences": 4}], ids=str)
def test_a_russian_summary(writing: grpc.Channel, length: dict[str, Any]) -> None:
    articles = known("mt5", "ru")
    article, lead = articles[20]
    fields: dict[str, Any] = {"model": "mt5", "decoding": GREEDY}
    assert summarize(writing, article, "ru", max_sentences=1, **fields).summary == lead
    long = "\n\n".join(body for body, _ in articles)
    answer = summarize(writing, long, "ru", **length, **fields)
    (most,) = length.values()
    had = len(answer.sentences) if "max_sentences" in length else count_words(answer.summary)
    assert 0 < had <= most
    assert all(sentence.text[-1] == "." for sentence in answer.sentences)
    assert bool(told(answer, NOT_MET)) is (had < 0.8 * most)
    assert answer.stats.input_tokens > len(long.split())


def test_a_sentence_that_the_limit_cuts_is_left_out(writing: grpc.Channel) -> None:
    article, _ = ARTICLES[40]
    short = article_pb2.DecodingOptions(beam_size=1, max_output_tokens=4)
    answer = summarize(writing, article, max_sentences=2, decoding=short)
    assert answer.sentences
    assert told(answer, TRUNCATED)
    for sentence in answer.sentences:
        assert sentence.text in article


def test_one_sentence_over_the_limit_is_kept_with_a_warning(
    writing: grpc.Channel,
) -> None:
    article, _ = ARTICLES[60]
    answer = summarize(writing, article, max_words=2, decoding=GREEDY)
    (sentence,) = answer.sentences
    over = count_words(sentence.text) - 2
    assert sentence.text[-1] == "."
    assert told(answer, NOT_MET) == [
        f"the shortest possible summary, one whole sentence, is {over} words over the limit of 2"
    ]


@pytest.mark.parametrize("target", ["", "ru"])
def test_unsupported_claims_are_flagged_with_their_spans(
    writing: grpc.Channel, target: str
) -> None:
    flagged = 0
    for article, lead in ARTICLES[20:50]:
        body = re.sub(CITIES, "Oslo", article)
        own = summarize(writing, body, max_sentences=1, decoding=GREEDY)
        made_up = set(re.findall(CITIES, own.summary))
        claims = [warning for warning in own.warnings if warning.type == UNSUPPORTED]
        places = [(claim.output_span.start, claim.output_span.end) for claim in claims]
        said = {own.summary[start:end] for start, end in places}
        assert made_up <= said, lead
        assert not any(name in body for name in said)
        for claim, (start, end) in zip(claims, places, strict=True):
            assert claim.message == f"“{own.summary[start:end]}” is not in the article"
        flagged += bool(claims)
        if claims and target:
            answer = summarize(
                writing, body, max_sentences=1, target_language_code=target, decoding=GREEDY
            )
            moved = [warning for warning in answer.warnings if warning.type == UNSUPPORTED]
            assert [claim.message.split(";")[0] for claim in moved] == [
                claim.message for claim in claims
            ]
            assert not any(claim.HasField("output_span") for claim in moved)
            break
    assert flagged


@pytest.mark.parametrize("language", ["ru", "lt"])
@pytest.mark.parametrize("method", [pb.SUMMARY_METHOD_EXTRACTIVE, pb.SUMMARY_METHOD_ABSTRACTIVE])
def test_a_summary_in_another_language(writing: grpc.Channel, language: str, method: Any) -> None:
    translations = dict(pairs(f"en-{language}"))
    body, lead = next(each for each in ARTICLES[15:] if each[1] in translations)
    fields: dict[str, Any] = {"method": method, "max_sentences": 1, "decoding": GREEDY}
    source = summarize(writing, body, **fields)
    answer = summarize(writing, body, target_language_code=language, **fields)
    assert answer.method == method
    assert (answer.language.code, answer.summary_language_code) == ("en", language)
    if method == pb.SUMMARY_METHOD_ABSTRACTIVE:
        assert source.summary == lead
    if source.summary in translations:
        assert answer.summary == translations[source.summary]
    first, second = answer.models
    assert first == source.models[0]
    assert (second.model, second.source_language_code, second.target_language_code) == (
        f"opus-en-{language}", "en", language,
    )  # fmt: skip
    (sentence,) = answer.sentences
    extracted = method == pb.SUMMARY_METHOD_EXTRACTIVE
    assert sentence.HasField("source_span") is extracted
    assert sentence.source_text == (source.summary if extracted else "")
