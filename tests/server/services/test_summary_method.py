"""The summary method of requests that do not set one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import grpc
import pytest
from grpc_health.v1 import health_pb2

from summsvc.config import Settings
from summsvc.engines.base import Task
from summsvc.models.store.manifest import FileFacts, Manifest
from summsvc.server.services.health import SUMMARIZATION_SERVICE
from summsvc.v1 import article_pb2, model_service_pb2
from summsvc.v1 import summarization_service_pb2 as pb
from summsvc.v1.model_service_pb2_grpc import ModelServiceStub
from summsvc.v1.summarization_service_pb2_grpc import SummarizationServiceStub
from tests.running import Running, refusal, running

TEXT = "The president met the mayor in Riga on Friday. Nobody was hurt. It will rain tomorrow."


@contextmanager
def serving(folder: Path, method: Any) -> Iterator[tuple[Running, grpc.Channel]]:
    settings = Settings(port=0, metrics_port=-1, model_dir=folder, summary_method=method)
    with running(settings) as server, grpc.insecure_channel(server.address) as channel:
        yield server, channel


def summarize(channel: grpc.Channel, **fields: Any) -> pb.SummarizeResponse:
    request = pb.SummarizeRequest(article=article_pb2.Article(body=TEXT), **fields)
    return SummarizationServiceStub(channel).Summarize(request, timeout=60)


def default(channel: grpc.Channel) -> str:
    asked = model_service_pb2.GetServerInfoRequest()
    return ModelServiceStub(channel).GetServerInfo(asked, timeout=60).default_summary_method


def test_extractive_unless_configured(bare_channel: grpc.Channel) -> None:
    assert default(bare_channel) == "extractive"
    assert summarize(bare_channel).method == pb.SUMMARY_METHOD_EXTRACTIVE


def test_a_named_model_selects_the_abstractive_method(bare_channel: grpc.Channel) -> None:
    with pytest.raises(grpc.RpcError) as caught:
        summarize(bare_channel, model="distilbart-cnn")
    said = refusal(caught.value)
    assert said.reason == "MODEL_NOT_INSTALLED"
    assert "summsvc models pull distilbart-cnn" in said.message


def test_auto_extracts_where_no_model_is_installed(tmp_path: Path) -> None:
    with serving(tmp_path, "auto") as (server, channel):
        server.wait_until_ready(SUMMARIZATION_SERVICE)
        assert default(channel) == "auto"
        assert summarize(channel).method == pb.SUMMARY_METHOD_EXTRACTIVE
        with pytest.raises(grpc.RpcError) as caught:
            summarize(channel, method=pb.SUMMARY_METHOD_ABSTRACTIVE)
        assert refusal(caught.value).reason == "MODEL_NOT_INSTALLED"


def test_auto_extracts_with_a_warning_where_the_model_is_broken(tmp_path: Path) -> None:
    facts = Manifest(
        id="broken",
        task=Task.SUMMARIZATION,
        architecture="bart",
        pairs=(("en", "en"),),
        files={"model.safetensors": FileFacts(size=1, sha256="0" * 64)},
    )
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "manifest.json").write_text(facts.model_dump_json())
    with serving(tmp_path, "auto") as (_, channel):
        for _ in range(2):
            answer = summarize(channel)
            assert answer.method == pb.SUMMARY_METHOD_EXTRACTIVE
            assert answer.summary in TEXT
            (warning,) = answer.warnings
            assert warning.type == article_pb2.WARNING_TYPE_MODEL_BROKEN
            assert "model.safetensors is missing" in warning.message
        assert not summarize(channel, method=pb.SUMMARY_METHOD_EXTRACTIVE).warnings
        for asked in ({"method": pb.SUMMARY_METHOD_ABSTRACTIVE}, {"model": "broken"}):
            with pytest.raises(grpc.RpcError) as caught:
                summarize(channel, **asked)
            assert refusal(caught.value).reason == "MODEL_BROKEN"


def test_an_unused_translation_model_is_rejected(bare_channel: grpc.Channel) -> None:
    with pytest.raises(grpc.RpcError) as caught:
        summarize(bare_channel, translation_model="opus-en-ru")
    said = refusal(caught.value)
    assert (said.code, said.reason) == (grpc.StatusCode.INVALID_ARGUMENT, "INVALID_FIELD")
    assert said.fields == ["translation_model"]
    # Detected only after the article is read: the summary is already in the target language.
    same = summarize(bare_channel, translation_model="opus-en-ru", target_language_code="en")
    assert same.summary in TEXT


def test_abstractive_without_a_model_is_not_ready_and_names_the_reason(tmp_path: Path) -> None:
    with serving(tmp_path, "abstractive") as (server, channel):
        assert default(channel) == "abstractive"
        assert server.health(SUMMARIZATION_SERVICE) == health_pb2.HealthCheckResponse.NOT_SERVING
        with pytest.raises(grpc.RpcError) as caught:
            summarize(channel)
        assert "summsvc models pull" in refusal(caught.value).message
        asked = summarize(channel, method=pb.SUMMARY_METHOD_EXTRACTIVE)
        assert asked.method == pb.SUMMARY_METHOD_EXTRACTIVE
