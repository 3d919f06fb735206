"""Student models behind the server: known texts, and inputs longer than a model's limit."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sentencepiece import SentencePieceProcessor

from summsvc.client import Article, Client, Translation
from summsvc.config import Settings
from summsvc.engines.base import Task
from summsvc.models.conversion.convert import convert_and_verify_student
from summsvc.models.store.store import Store
from tests.checkpoints import pairs, student
from tests.running import Running, running

LANGUAGES = ("ru", "lt")


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    """Client of a server with the students from English."""
    store = Store(tmp_path_factory.mktemp("students"))
    for target in LANGUAGES:
        store.add(
            student(f"en-{target}"),
            f"student-en-{target}",
            Task.TRANSLATION,
            [("en", target)],
            convert=convert_and_verify_student,
        )
    settings = Settings(port=0, metrics_port=-1, model_dir=store.root, preload=["all"])
    with running(settings) as server, _client(server) as client:
        yield client


def _client(server: Running) -> Client:
    server.wait_until_ready()
    return Client(server.address)


def translate(client: Client, text: str, target: str) -> Translation:
    article = Article(title="", body=text, language="en")
    return client.translate(
        article, target, timeout=120, include_segments=True, keep_boilerplate=True
    )


@pytest.mark.parametrize("target", LANGUAGES)
def test_every_known_text_is_right_whatever_it_is_batched_with(client: Client, target: str) -> None:
    known = pairs(f"en-{target}")
    found = translate(client, "\n\n".join(source for source, _ in known), target)
    translated = {segment.source_text: segment.text for segment in found.segments}
    assert [translated.get(source) for source, _ in known] == [text for _, text in known]
    assert found.models[0].engine == "onnxruntime"


def test_a_segment_longer_than_the_model_reads_is_split_and_not_cut(client: Client) -> None:
    # One sentence: the clauses end with a semicolon.
    clauses = [source.rstrip(".") for source, _ in pairs("en-ru")[-30:]]
    text = "; ".join(clauses) + "."
    found = translate(client, text, "ru")
    (segment,) = found.segments
    assert segment.source_text == text
    assert "SEGMENT_SPLIT" in {warning.type.name for warning in segment.warnings if warning.type}
    (vocabulary,) = student("en-ru").glob("vocab.*.spm")
    tokens = SentencePieceProcessor(model_file=str(vocabulary)).encode(text)
    # The model reads 128 tokens at a time.
    assert found.stats.input_tokens > len(tokens) > 3 * 128
