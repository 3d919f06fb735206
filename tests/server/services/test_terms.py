"""Protected terms and glossaries through gRPC, with the trained checkpoints."""

from __future__ import annotations

import grpc
import pytest

from summsvc.v1 import article_pb2
from summsvc.v1 import translation_service_pb2 as pb
from tests.server.services.test_translation import request, translate

SENTENCE = "The president met the mayor in Riga on Friday."


def entry(source: str, target: str) -> pb.GlossaryEntry:
    return pb.GlossaryEntry(source=source, target=target)


def test_a_glossary_term_replaces_the_models_term(channel: grpc.Channel) -> None:
    wanted = request(
        SENTENCE,
        include_segments=True,
        glossary=[entry("president", "глава"), entry("treaty", "договор")],
    )
    (segment,) = translate(channel, wanted).segments
    assert [(use.source, use.target, use.applied) for use in segment.terms] == [
        ("president", "глава", True)
    ]
    assert "лава" in segment.text
    assert "резидент" not in segment.text


def test_an_inflected_target_counts_as_applied_and_changes_nothing(channel: grpc.Channel) -> None:
    plain = translate(channel, request(SENTENCE)).body
    assert "мэром" in plain
    wanted = request(SENTENCE, include_segments=True, glossary=[entry("mayor", "мэр")])
    answer = translate(channel, wanted)
    assert answer.body == plain
    assert [use.applied for use in answer.segments[0].terms] == [True]


def test_terms_are_reported_in_the_segments_where_they_occur(channel: grpc.Channel) -> None:
    body = f"{SENTENCE} The talks will continue."
    wanted = request(body, include_segments=True, do_not_translate=["Riga"])
    first, second = translate(channel, wanted).segments
    assert [(use.source, use.applied) for use in first.terms] == [("Riga", True)]
    assert "Riga" in first.text
    assert not second.terms


@pytest.mark.parametrize(
    ("mime_type", "body"),
    [
        ("text/html", "<p>The talks <b>will continue</b>, says <code>run_all()</code> Riga.</p>"),
        ("text/markdown", "The talks **will continue**, says `run_all()` Riga."),
    ],
)
def test_code_and_terms_survive_in_markup(channel: grpc.Channel, mime_type: str, body: str) -> None:
    article = article_pb2.Article(body=body, language_code="en", mime_type=mime_type)
    wanted = pb.TranslateRequest(
        article=article, target_language_code="ru", do_not_translate=["Riga"]
    )
    answer = translate(channel, wanted).body
    assert answer.count("run_all()") == answer.count("Riga") == 1
