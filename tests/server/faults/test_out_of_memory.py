"""Too little memory for a batch: it is divided, and only a segment that fails alone fails."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import grpc
import pytest
import torch
from google.rpc import code_pb2

from summsvc.config import Settings
from summsvc.engines.base import Generated
from summsvc.v1 import article_pb2
from summsvc.v1 import translation_service_pb2 as pb
from summsvc.v1.translation_service_pb2_grpc import TranslationServiceStub
from tests.checkpoints import pairs
from tests.running import Running, refusal, running

PAIRS = pairs("en-ru")[:12]
FITS = 2
"""Segments of a batch for which the memory is large enough."""

HUGE = "Gigantic"
"""Word of a segment for which there is never enough memory."""

ERRORS = [
    RuntimeError("CUDA failed with error out of memory"),
    MemoryError("std::bad_alloc"),
    torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB."),
]


@pytest.fixture(scope="module")
def server(model_dir: Path) -> Iterator[Running]:
    # Batches are large, however slow the machine is.
    settings = Settings(
        port=0,
        metrics_port=-1,
        model_dir=model_dir,
        preload=["opus-en-ru"],
        batch_target_ms=600_000,
    )
    with running(settings) as server:
        server.wait_until_ready()
        yield server


@pytest.fixture
def memory(server: Running) -> Iterator[dict[str, Any]]:
    """Make the engine raise ``error`` for large batches; notes their sizes."""
    scheduler = server.server._pool._slots["opus-en-ru"].scheduler
    assert scheduler is not None
    engine = scheduler.engine
    generate = engine.generate
    noted: dict[str, Any] = {"error": ERRORS[0], "sizes": []}

    def limited(texts: Sequence[str], *rest: Any) -> list[Generated]:
        noted["sizes"].append(len(texts))
        if len(texts) > FITS or any(HUGE in text for text in texts):
            raise noted["error"]
        generated: list[Generated] = generate(texts, *rest)
        return generated

    vars(engine)["generate"] = limited
    yield noted
    del vars(engine)["generate"]


def request(*sentences: str) -> pb.TranslateRequest:
    article = article_pb2.Article(body="\n\n".join(sentences), language_code="en")
    return pb.TranslateRequest(article=article, target_language_code="ru", bypass_cache=True)


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
def test_a_batch_that_is_too_large_is_divided(
    channel: grpc.Channel, memory: dict[str, Any], error: Exception
) -> None:
    memory["error"] = error
    response = TranslationServiceStub(channel).Translate(
        request(*(source for source, _ in PAIRS)), timeout=120
    )
    assert response.body.split("\n\n") == [target for _, target in PAIRS]
    assert max(memory["sizes"]) > FITS


@pytest.mark.usefixtures("memory")
def test_only_the_segment_fails_that_is_too_large_alone(channel: grpc.Channel) -> None:
    good = [request(source) for source, _ in PAIRS]
    requests = [*good[:6], request(PAIRS[0][0], f"{HUGE} talks will continue."), *good[6:]]
    response = TranslationServiceStub(channel).BatchTranslate(
        pb.BatchTranslateRequest(requests=requests), timeout=120
    )
    codes = [result.error.code for result in response.results]
    assert codes[6] == code_pb2.RESOURCE_EXHAUSTED
    assert not any(codes[:6] + codes[7:])
    bodies = [result.response.body for result in response.results]
    assert bodies[:6] + bodies[7:] == [target for _, target in PAIRS]


@pytest.mark.usefixtures("memory")
def test_the_status_says_what_to_do(channel: grpc.Channel) -> None:
    with pytest.raises(grpc.RpcError) as caught:
        TranslationServiceStub(channel).Translate(request(f"{HUGE} talks."), timeout=120)
    said = refusal(caught.value)
    assert (said.code.name, said.reason) == ("RESOURCE_EXHAUSTED", "ENGINE_OUT_OF_MEMORY")
    assert said.metadata["model"] == "opus-en-ru"
    assert "beam_size" in said.message
    assert HUGE not in said.message
