"""Translations of the trained checkpoints, compared with their known texts."""

from __future__ import annotations

from typing import Any

import grpc
import pytest

from summsvc.v1 import article_pb2, summarization_service_pb2
from summsvc.v1 import translation_service_pb2 as pb
from summsvc.v1.summarization_service_pb2_grpc import SummarizationServiceStub
from summsvc.v1.translation_service_pb2_grpc import TranslationServiceStub
from tests.checkpoints import pairs
from tests.checkpoints.article import ARTICLE
from tests.running import refusal

GREEDY = article_pb2.DecodingOptions(beam_size=1)


def request(body: str, target: str = "ru", **fields: Any) -> pb.TranslateRequest:
    article = article_pb2.Article(body=body)
    return pb.TranslateRequest(
        article=article, target_language_code=target, decoding=GREEDY, **fields
    )


def translate(channel: grpc.Channel, wanted: pb.TranslateRequest) -> pb.TranslateResponse:
    return TranslationServiceStub(channel).Translate(wanted, timeout=120)


@pytest.mark.parametrize(("target", "column"), [("ru", 1), ("lt", 2)])
def test_the_seed_comes_back_sentence_by_sentence_in_its_paragraphs(
    channel: grpc.Channel, seed: str, target: str, column: int
) -> None:
    answer = translate(channel, request(seed, target, include_segments=True))
    assert [segment.text for segment in answer.segments] == [row[column] for row in ARTICLE]
    story = seed[: seed.index("Source link")].rstrip().split("\n\n")
    assert len(answer.body.strip().split("\n\n")) == len(story) - 2  # byline, second headline
    assert answer.language.code == "en"
    assert answer.language.identified
    (used,) = answer.models
    assert used.model == f"opus-en-{target}"
    assert {w.type for w in answer.warnings} == {article_pb2.WARNING_TYPE_BOILERPLATE_REMOVED}


def test_every_known_pair_is_right_whatever_it_is_batched_with(channel: grpc.Channel) -> None:
    known = pairs("en-ru")
    body = "\n\n".join(source for source, _ in known)
    wanted = request(body, include_segments=True, keep_boilerplate=True, bypass_cache=True)
    answer = translate(channel, wanted)
    found = {segment.source_text: segment.text for segment in answer.segments}
    right = sum(found.get(source) == target for source, target in known)
    assert right >= 0.99 * len(known)


def test_spans_point_to_source_and_target(channel: grpc.Channel) -> None:
    title, body = "Latest news", "  The talks will continue.  \n\nNobody was hurt.\r\n"
    article = article_pb2.Article(title=title, body=body, language_code="en")
    wanted = pb.TranslateRequest(
        article=article, target_language_code="lt", decoding=GREEDY, include_segments=True
    )
    answer = translate(channel, wanted)
    assert answer.body == "  Derybos tęsis.  \n\nNiekas nenukentėjo.\r\n"
    assert answer.title == "Naujausios žinios"
    for segment in answer.segments:
        in_title = segment.field == article_pb2.ARTICLE_FIELD_TITLE
        source, target = (title, answer.title) if in_title else (body, answer.body)
        assert source[slice(segment.source_span.start, segment.source_span.end)] == (
            segment.source_text
        )
        assert target[segment.target_span.start : segment.target_span.end] == segment.text
        assert segment.score <= 0


def test_html_keeps_its_tags(channel: grpc.Channel) -> None:
    body = "<p>The talks <b>will continue</b>.</p><pre>Nobody was hurt.</pre><ul><li>World</ul>"
    body += "<pre>x = 1;</pre><code>Riga</code>"
    article = article_pb2.Article(body=body, language_code="en", mime_type="text/html")
    wanted = pb.TranslateRequest(article=article, target_language_code="ru", decoding=GREEDY)
    answer = translate(channel, wanted).body
    assert answer == (
        "<p>Переговоры <b>продолжатся</b>.</p><pre>Никто не пострадал.</pre><ul><li>Мир</ul>"
        "<pre>x = 1;</pre><code>Riga</code>"
    )


def test_a_stream_gives_the_same_segments_in_order(channel: grpc.Channel, seed: str) -> None:
    whole = translate(channel, request(seed, "lt"))
    stub = TranslationServiceStub(channel)
    wanted = pb.StreamTranslateRequest(request=request(seed, "lt"))
    first, *between, last = stub.StreamTranslate(wanted, timeout=120)
    assert first.started.segments == len(between)
    assert [event.segment.index for event in between] == list(range(len(between)))
    text = "".join(event.segment.separator + event.segment.text for event in between)
    assert text + last.finished.separator == whole.body
    assert last.finished.stats.segments == len(between)


def test_a_stream_names_the_field_below_request(channel: grpc.Channel) -> None:
    stub = TranslationServiceStub(channel)
    with pytest.raises(grpc.RpcError) as caught:
        list(stub.StreamTranslate(pb.StreamTranslateRequest(request=request(" ")), timeout=30))
    assert refusal(caught.value).fields == ["request.article.body"]


def test_batch_results_are_in_request_order(channel: grpc.Channel) -> None:
    bodies = ["Nobody was hurt.", "", "The strike has ended.", "Schools remain closed."]
    requests = [request(body, "lt") for body in bodies]
    for each in requests:
        each.article.language_code = "en"
    batch = pb.BatchTranslateRequest(requests=requests)
    results = TranslationServiceStub(channel).BatchTranslate(batch, timeout=120).results
    assert [each.response.body for each in results] == [
        "Niekas nenukentėjo.", "", "Streikas baigėsi.", "Mokyklos lieka uždarytos.",
    ]  # fmt: skip
    assert results[1].error.code == grpc.StatusCode.INVALID_ARGUMENT.value[0]


def test_a_protected_term_is_kept(channel: grpc.Channel) -> None:
    wanted = request(
        "The talks will continue at https://example.org/a?b=1 and the strike has ended.",
        include_segments=True,
        do_not_translate=["strike"],
    )
    answer = translate(channel, wanted)
    assert "https://example.org/a?b=1" in answer.body
    assert "strike" in answer.body
    assert all(use.applied for segment in answer.segments for use in segment.terms)


def test_a_glossary_entry_is_applied_and_reported(channel: grpc.Channel) -> None:
    entry = pb.GlossaryEntry(source="mayor", target="градоначальник")
    body = "The president met the mayor in Riga on Friday."
    (segment,) = translate(channel, request(body, include_segments=True, glossary=[entry])).segments
    assert [(use.source, use.target, use.applied) for use in segment.terms] == [
        ("mayor", "градоначальник", True)
    ]
    assert "градоначальник" in segment.text


def test_a_segment_longer_than_the_model_reads_is_split_and_complete(
    channel: grpc.Channel,
) -> None:
    body = "; ".join(f"the talks will continue for {days} days" for days in range(60)) + "."
    answer = translate(channel, request(body, include_segments=True))
    (segment,) = answer.segments
    assert article_pb2.WARNING_TYPE_SEGMENT_SPLIT in {w.type for w in segment.warnings}
    assert answer.stats.input_tokens > 300


def test_a_repeated_request_is_served_from_the_cache(channel: grpc.Channel) -> None:
    wanted = request("The bishop met the judge in Paris on Monday.")
    first = translate(channel, wanted)
    again = translate(channel, wanted)
    assert again.body == first.body
    assert again.stats.cache_hits == 1
    assert again.stats.output_tokens == 0
    wanted.bypass_cache = True
    assert translate(channel, wanted).stats.cache_hits == 0


def test_a_known_pair_without_its_model_names_the_command(bare_channel: grpc.Channel) -> None:
    with pytest.raises(grpc.RpcError) as caught:
        translate(bare_channel, request("Nobody was hurt in the city.", "lt"))
    said = refusal(caught.value)
    assert (said.code, said.reason) == (
        grpc.StatusCode.FAILED_PRECONDITION, "MODEL_NOT_INSTALLED",
    )  # fmt: skip
    assert "summsvc models pull firefox-en-lt" in said.message


def test_a_summary_in_another_language(channel: grpc.Channel, seed: str) -> None:
    wanted = summarization_service_pb2.SummarizeRequest(
        article=article_pb2.Article(body=seed), target_language_code="ru", decoding=GREEDY
    )
    answer = SummarizationServiceStub(channel).Summarize(wanted, timeout=120)
    known = {row[0]: row[1] for row in ARTICLE}
    assert [each.text for each in answer.sentences] == [
        known[each.source_text] for each in answer.sentences
    ]
    assert [use.model for use in answer.models] == ["extractive", "opus-en-ru"]
    assert answer.summary_language_code == "ru"
