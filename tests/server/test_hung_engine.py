"""A model that stops responding or raises: what callers, log, metrics and health report."""

from __future__ import annotations

import threading
import urllib.request
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import grpc
import pytest
import structlog
from grpc_health.v1 import health_pb2

from summsvc.config import Settings
from summsvc.engines.base import Generated, ModelSpec, Task
from summsvc.engines.transformers import TransformersEngine
from summsvc.models.catalog import Catalog
from summsvc.models.store.store import Store
from summsvc.server.services.health import TRANSLATION_SERVICE
from summsvc.v1 import article_pb2
from summsvc.v1 import model_service_pb2 as models
from summsvc.v1 import translation_service_pb2 as pb
from summsvc.v1.model_service_pb2_grpc import ModelServiceStub
from summsvc.v1.translation_service_pb2_grpc import TranslationServiceStub
from tests.checkpoints import marian, pairs
from tests.running import Refusal, Running, refusal, running
from tests.server.watched import PATIENCE_S, eventually

SOURCE, TARGET = pairs("en-ru")[1]
SERVING = health_pb2.HealthCheckResponse.SERVING
NOT_SERVING = health_pb2.HealthCheckResponse.NOT_SERVING


class Faulty:
    """Wraps every engine. It hangs on a text with HANGS and raises on one with RAISES."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.hanging = 0
        self._recovered = threading.Event()
        generate, spec = TransformersEngine.generate, Store.spec

        def faulty(engine: TransformersEngine, texts: Sequence[str], *rest: Any) -> list[Generated]:
            if any("HANGS" in text for text in texts):
                self.hanging += 1
                assert self._recovered.wait(2 * PATIENCE_S)
            if any("RAISES" in text for text in texts):
                raise RuntimeError(f"boom on: {texts[0]}")
            return generate(engine, texts, *rest)

        def held(store: Store, id: str) -> ModelSpec:
            assert self.loads.wait(PATIENCE_S)
            return spec(store, id)

        self.loads = threading.Event()
        self.loads.set()
        monkeypatch.setattr(TransformersEngine, "generate", faulty)
        monkeypatch.setattr(Store, "spec", held)

    def recover(self) -> None:
        self.loads.set()
        self._recovered.set()


@pytest.fixture
def faulty(monkeypatch: pytest.MonkeyPatch) -> Iterator[Faulty]:
    made = Faulty(monkeypatch)
    yield made
    made.recover()


@pytest.fixture(scope="module")
def one_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    store = Store(tmp_path_factory.mktemp("one"))
    entry = Catalog.load().get("opus-en-ru")
    store.add(marian("en-ru"), "opus-en-ru", Task.TRANSLATION, entry=entry)
    return store.root


@pytest.fixture
def server(faulty: Faulty, one_model: Path) -> Iterator[Running]:
    settings = Settings(
        port=0, metrics_port=0, model_dir=one_model, workers=2, hung_batch_s=3, hung_batch_factor=4
    )
    with running(settings) as server:
        server.wait_until_ready()
        yield server
        faulty.recover()


def translate(server: Running, text: str, request_id: str = "") -> pb.TranslateResponse:
    request = pb.TranslateRequest(
        article=article_pb2.Article(body=text, language_code="en"), target_language_code="ru"
    )
    metadata = (("x-request-id", request_id),) if request_id else ()
    with grpc.insecure_channel(server.address) as channel:
        answer: pb.TranslateResponse = TranslationServiceStub(channel).Translate(
            request, timeout=PATIENCE_S, metadata=metadata
        )
        return answer


def refused(server: Running, text: str, request_id: str = "") -> Refusal:
    with pytest.raises(grpc.RpcError) as caught:
        translate(server, text, request_id)
    return refusal(caught.value)


def listed(server: Running) -> models.Model:
    with grpc.insecure_channel(server.address) as channel:
        request = models.ListModelsRequest(installed_only=True)
        (model,) = ModelServiceStub(channel).ListModels(request, timeout=30).models
        assert isinstance(model, models.Model)
        return model


def metric(server: Running, name: str) -> float:
    url = f"http://127.0.0.1:{server.server.metrics_port}/metrics"
    with urllib.request.urlopen(url) as answer:
        lines = answer.read().decode().splitlines()
    prefix = f'summsvc_{name}{{model="opus-en-ru"}} '
    return sum(float(line.removeprefix(prefix)) for line in lines if line.startswith(prefix))


@pytest.fixture(scope="module")
def caller() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor() as pool:
        yield pool


def test_a_model_that_stops_responding_is_replaced_and_reported(
    faulty: Faulty, server: Running, caller: ThreadPoolExecutor
) -> None:
    assert translate(server, SOURCE).body == TARGET
    with structlog.testing.capture_logs() as lines:
        first = caller.submit(refused, server, "The marker HANGS here.", "first-call")
        eventually(lambda: faulty.hanging == 1)
        # The other worker serves.
        assert translate(server, SOURCE).body == TARGET
        said = first.result(PATIENCE_S)
        assert (said.code, said.reason) == (grpc.StatusCode.UNAVAILABLE, "ENGINE_STALLED")
        assert said.metadata == {"model": "opus-en-ru", "request_id": "first-call"}
        assert "call again" in said.message
        assert server.health(TRANSLATION_SERVICE) == SERVING
        assert metric(server, "stalled_batches_total") == 1
        faulty.loads.clear()
        assert refused(server, "It HANGS another time.").reason == "ENGINE_STALLED"
        # The model may have no worker left: it is loaded again.
        eventually(lambda: server.health(TRANSLATION_SERVICE) == NOT_SERVING)
        model = listed(server)
        assert model.state == models.MODEL_STATE_LOADING
        assert "stopped answering" in model.error
        waiting = caller.submit(translate, server, SOURCE)
        faulty.loads.set()
        assert waiting.result(PATIENCE_S).body == TARGET
    server.wait_until_ready()
    assert listed(server).state == models.MODEL_STATE_READY
    assert metric(server, "stalled_batches_total") == 2
    assert metric(server, "model_reloads_total") == 1
    assert metric(server, "abandoned_engines") == 1
    hung = [line for line in lines if line["event"] == "batch hung"]
    assert [line["log_level"] for line in hung] == ["warning", "warning"]
    assert hung[0]["requests"] == ["first-call"]
    assert "marker" not in repr(lines)
    # A retry of the same text does not hang the new engine.
    said = refused(server, "The marker HANGS here.")
    assert (said.code, said.reason) == (grpc.StatusCode.INTERNAL, "ENGINE_FAILED")
    assert "leave the segment out" in said.message
    assert faulty.hanging == 2
    # Once the hung threads return, their memory is freed.
    faulty.recover()
    eventually(lambda: metric(server, "abandoned_engines") == 0)


def test_an_engine_exception_is_logged_and_not_sent_to_the_caller(server: Running) -> None:
    text = "The marker word RAISES something."
    with structlog.testing.capture_logs() as lines:
        said = refused(server, text, "failing-call")
    assert (said.code, said.reason) == (grpc.StatusCode.INTERNAL, "ENGINE_FAILED")
    assert said.metadata == {"model": "opus-en-ru", "request_id": "failing-call"}
    assert "boom" not in said.message
    assert "marker" not in repr(said)
    (line,) = [line for line in lines if line["event"] == "engine failed"]
    assert (line["error"], line["requests"]) == ("RuntimeError", ["failing-call"])
    assert any("test_hung_engine.py" in frame for frame in line["frames"])
    assert "marker" not in repr(lines)
    assert translate(server, SOURCE).body == TARGET
