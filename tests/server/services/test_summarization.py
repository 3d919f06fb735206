"""Extractive summaries through gRPC."""

from __future__ import annotations

import grpc
import pytest

from summsvc.articles.length import count_words
from summsvc.v1 import article_pb2
from summsvc.v1 import summarization_service_pb2 as pb
from summsvc.v1.summarization_service_pb2_grpc import SummarizationServiceStub
from tests.running import refusal

NOISE = ("Admin", "Source link", "Belarus Releases 123 Prisoners Amid", "you can explore")


def summarize(channel: grpc.Channel, body: str, **length: object) -> pb.SummarizeResponse:
    wanted = pb.SummarizeRequest(
        article=article_pb2.Article(body=body),
        length=pb.SummaryLength(**length),  # type: ignore[arg-type]
    )
    return SummarizationServiceStub(channel).Summarize(wanted, timeout=60)


def test_the_seed_in_three_sentences(bare_channel: grpc.Channel, seed: str) -> None:
    answer = summarize(bare_channel, seed, max_sentences=3)
    assert len(answer.sentences) == 3
    assert "123 prisoners" in answer.summary
    assert "Maria Kolesnikova" in answer.summary
    assert not [noise for noise in NOISE if noise in answer.summary]
    assert answer.language.code == "en"
    for sentence in answer.sentences:
        span = sentence.source_span
        assert seed[span.start : span.end] == sentence.text
        assert 0 < sentence.score <= 1
    starts = [sentence.source_span.start for sentence in answer.sentences]
    assert starts == sorted(starts)
    removed = [w for w in answer.warnings
               if w.type == article_pb2.WARNING_TYPE_BOILERPLATE_REMOVED]  # fmt: skip
    assert [seed[w.span.start : w.span.end] for w in removed] == [
        "Admin", seed.splitlines()[0], "Source link",
    ]  # fmt: skip


@pytest.mark.parametrize("words", [1, 20, 50, 100, 1000])
def test_words_are_never_exceeded_but_by_a_single_sentence(
    bare_channel: grpc.Channel, seed: str, words: int
) -> None:
    answer = summarize(bare_channel, seed, max_words=words)
    kinds = {warning.type for warning in answer.warnings}
    if article_pb2.WARNING_TYPE_LENGTH_NOT_MET in kinds:
        assert len(answer.sentences) == 1
    else:
        assert 0 < count_words(answer.summary) <= words


@pytest.mark.parametrize("ratio", [0.1, 0.3, 0.5, 1.0])
def test_ratio_is_a_share_of_the_words(bare_channel: grpc.Channel, seed: str, ratio: float) -> None:
    whole = count_words(summarize(bare_channel, seed, ratio=1.0).summary)
    got = count_words(summarize(bare_channel, seed, ratio=ratio).summary)
    assert 0 < got <= ratio * whole


def test_more_sentences_than_there_are(bare_channel: grpc.Channel) -> None:
    answer = summarize(bare_channel, "The talks will continue. Nobody was hurt.", max_sentences=9)
    assert len(answer.sentences) == 2
    assert answer.warnings[-1].type == article_pb2.WARNING_TYPE_SHORT_ARTICLE


def test_boilerplate_is_kept_on_request(bare_channel: grpc.Channel, seed: str) -> None:
    wanted = pb.SummarizeRequest(
        article=article_pb2.Article(body=seed), keep_boilerplate=True,
        length=pb.SummaryLength(ratio=1.0),
    )  # fmt: skip
    answer = SummarizationServiceStub(bare_channel).Summarize(wanted, timeout=60)
    assert not answer.warnings


def test_an_abstractive_summary_without_a_model_names_the_remedy(
    bare_channel: grpc.Channel, seed: str
) -> None:
    wanted = pb.SummarizeRequest(
        article=article_pb2.Article(body=seed), method=pb.SUMMARY_METHOD_ABSTRACTIVE
    )
    with pytest.raises(grpc.RpcError) as caught:
        SummarizationServiceStub(bare_channel).Summarize(wanted, timeout=60)
    said = refusal(caught.value)
    assert said.reason in ("UNSUPPORTED_PAIR", "MODEL_NOT_INSTALLED")
    assert "extractive" in said.message or "models pull" in said.message
