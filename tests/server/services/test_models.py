"""Model states as callers and operators see them: good, broken, idle, pivot."""

from __future__ import annotations

import itertools
import json
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import grpc
import pytest
import structlog
from click.testing import CliRunner
from grpc_health.v1 import health_pb2

from summsvc.cli.app import cli
from summsvc.config import Settings
from summsvc.engines.base import Task
from summsvc.models.store.manifest import Manifest
from summsvc.models.store.store import Store
from summsvc.server.codec.wire_format import MESSAGES_PER_CHUNK
from summsvc.server.services.health import TRANSLATION_SERVICE
from summsvc.v1 import article_pb2
from summsvc.v1 import model_service_pb2 as pb
from summsvc.v1 import translation_service_pb2 as translation
from summsvc.v1.model_service_pb2_grpc import ModelServiceStub
from summsvc.v1.translation_service_pb2_grpc import TranslationServiceStub
from tests.checkpoints import marian, pairs
from tests.running import Running, refusal, running

KNOWN = {language: pairs(f"en-{language}")[1] for language in ("ru", "lt")}
PATIENCE_S = 60


def translate(
    address: str, text: str, target: str, source: str = "en", model: str = ""
) -> translation.TranslateResponse:
    request = translation.TranslateRequest(
        article=article_pb2.Article(body=text, language_code=source),
        target_language_code=target,
        model=model,
    )
    with grpc.insecure_channel(address) as channel:
        answer: translation.TranslateResponse = TranslationServiceStub(channel).Translate(
            request, timeout=PATIENCE_S
        )
        return answer


def listed(address: str, installed_only: bool = False) -> dict[str, pb.Model]:
    with grpc.insecure_channel(address) as channel:
        request = pb.ListModelsRequest(installed_only=installed_only)
        answer = ModelServiceStub(channel).ListModels(request, timeout=30)
        return {model.id: model for model in answer.models}


def flip_a_byte(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


@pytest.fixture(scope="module")
def damaged(model_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A server with a good model, one with a changed byte, and two without a manifest."""
    root = tmp_path_factory.mktemp("copied") / "store"
    shutil.copytree(model_dir, root)
    flip_a_byte(root / "opus-en-ru" / "model.safetensors")
    for id in ("ours", "opus-ru-en"):
        shutil.copytree(root / "opus-en-lt", root / id)
        (root / id / "manifest.json").write_text("{")
    with running(Settings(port=0, metrics_port=-1, model_dir=root, preload=["all"])) as server:
        server.wait_until_ready()
        yield server


def test_a_model_with_a_changed_byte_is_rejected_with_the_reason(damaged: Running) -> None:
    model = listed(damaged.address)["opus-en-ru"]
    assert model.state == pb.MODEL_STATE_FAILED
    assert "model.safetensors has changed" in model.error
    assert "summsvc models add" in model.error
    with pytest.raises(grpc.RpcError) as caught:
        translate(damaged.address, KNOWN["ru"][0], "ru")
    said = refusal(caught.value)
    assert (said.code, said.reason) == (grpc.StatusCode.FAILED_PRECONDITION, "MODEL_BROKEN")
    assert "model.safetensors has changed" in said.message
    assert said.metadata["model"] == "opus-en-ru"


def test_other_models_stay_available(damaged: Running) -> None:
    assert damaged.health(TRANSLATION_SERVICE) == health_pb2.HealthCheckResponse.SERVING
    assert listed(damaged.address)["opus-en-lt"].state == pb.MODEL_STATE_READY
    source, target = KNOWN["lt"]
    assert translate(damaged.address, source, "lt").body == target


@pytest.mark.parametrize("installed_only", [True, False])
def test_models_without_a_readable_manifest_are_listed_as_failed(
    damaged: Running, installed_only: bool
) -> None:
    models = listed(damaged.address, installed_only=installed_only)
    assert list(models) == sorted(models)
    assert ("nllb-600m" in models) is not installed_only
    for id in ("ours", "opus-ru-en"):
        assert models[id].state == pb.MODEL_STATE_FAILED
        assert f"summsvc models verify {id}" in models[id].error


def test_server_info_is_available_with_broken_models(damaged: Running) -> None:
    done = CliRunner().invoke(cli, ["info", "--server", damaged.address])
    assert done.exit_code == 0
    assert "opus-en-ru: failed, translation en-ru" in done.stdout
    assert "model.safetensors has changed" in done.stdout
    assert "  en-lt: opus-en-lt\n" in done.stdout
    assert "  en-ru: opus-en-ru\n" in done.stdout


def test_a_store_may_be_copied_and_read_only(model_dir: Path, tmp_path: Path) -> None:
    root = tmp_path / "store"
    shutil.copytree(model_dir, root)
    for path in (root, *root.rglob("*")):
        path.chmod(0o555 if path.is_dir() else 0o444)
    try:
        with running(Settings(port=0, metrics_port=-1, model_dir=root)) as server:
            assert listed(server.address)["opus-en-ru"].state == pb.MODEL_STATE_INSTALLED
            assert listed(server.address)["opus-en-ru"].engine == "transformers"
            source, target = KNOWN["ru"]
            assert translate(server.address, source, "ru").body == target
            assert listed(server.address)["opus-en-ru"].state == pb.MODEL_STATE_READY
    finally:
        for path in (root, *root.rglob("*")):
            path.chmod(0o755 if path.is_dir() else 0o644)


def test_an_idle_model_is_unloaded_and_loaded_again_on_demand(model_dir: Path) -> None:
    settings = Settings(
        port=0, metrics_port=-1, model_dir=model_dir, preload=["opus-en-lt"], idle_unload_s=0.2
    )
    source, target = KNOWN["lt"]
    with running(settings) as server:
        server.wait_until_ready()
        until = time.monotonic() + PATIENCE_S
        while listed(server.address)["opus-en-lt"].state != pb.MODEL_STATE_INSTALLED:
            assert time.monotonic() < until, "it never left"
            time.sleep(0.05)
        assert server.health(TRANSLATION_SERVICE) == health_pb2.HealthCheckResponse.SERVING
        assert translate(server.address, source, "lt").body == target


def test_a_default_model_that_is_not_installed_is_logged_at_startup(tmp_path: Path) -> None:
    settings = Settings(
        port=0, metrics_port=-1, model_dir=tmp_path, default_models={"en-ru": "opus-en-ru"}
    )
    with structlog.testing.capture_logs() as lines, running(settings):
        pass
    (line,) = [line for line in lines if line["event"] == "default model unusable"]
    assert line["languages"] == "en-ru"
    assert "summsvc models pull opus-en-ru" in line["reason"]


def test_a_pivot_route_reports_both_models(tmp_path: Path) -> None:
    """The first stage is an English-Lithuanian model that is installed as lt-en here."""
    store = Store(tmp_path)
    store.add(marian("en-lt"), "first", Task.TRANSLATION, [("lt", "en")])
    store.add(marian("en-ru"), "second", Task.TRANSLATION, [("en", "ru")])
    with running(Settings(port=0, metrics_port=-1, model_dir=tmp_path)) as server:
        reply = translate(server.address, "Nobody was hurt.", "ru", source="lt")
        assert [used.model for used in reply.models] == ["first", "second"]
        done = CliRunner().invoke(cli, ["info", "--json", "--server", server.address])
        # The server in this process logs to the same standard output.
        (answer,) = [line for line in done.stdout.splitlines() if line.startswith("{")]
        facts = json.loads(answer)
        routes = {
            (route["pair"]["source_language_code"], route["pair"]["target_language_code"]): route
            for route in facts["routes"]
        }
        assert routes["lt", "ru"] == {
            "pair": {"source_language_code": "lt", "target_language_code": "ru"},
            "models": ["first", "second"],
            "installed": True,
        }
        store.remove("second")
        assert listed(server.address)["first"].state == pb.MODEL_STATE_READY
        assert "second" not in listed(server.address)
        assert refused(server.address, "lt") == "MODEL_NOT_INSTALLED"


def refused(address: str, source: str) -> str:
    """Wait until a translation into Russian is rejected; return the error."""
    until = time.monotonic() + PATIENCE_S
    while time.monotonic() < until:
        try:
            translate(address, "Nobody was hurt.", "ru", source=source)
        except grpc.RpcError as error:
            return refusal(error).reason
        time.sleep(0.05)
    raise AssertionError("it is still served")


def test_a_model_of_many_languages_is_listed_completely(tmp_path: Path) -> None:
    codes = [a + b for a in "bcdfg" for b in "aeiouy"]
    many = tuple(itertools.permutations(codes, 2))
    assert len(many) > 1.5 * MESSAGES_PER_CHUNK
    facts = Manifest(id="many", task=Task.TRANSLATION, architecture="none", pairs=many, files={})
    (tmp_path / "many").mkdir()
    (tmp_path / "many" / "manifest.json").write_text(facts.model_dump_json())
    with (
        running(Settings(port=0, metrics_port=-1, model_dir=tmp_path)) as server,
        grpc.insecure_channel(server.address) as channel,
    ):
        request = pb.ListModelsRequest(installed_only=True)
        for _ in range(2):
            answer = ModelServiceStub(channel).ListModels(request, timeout=30)
            (model,) = answer.models
            told = [
                (each.source_language_code, each.target_language_code)
                for each in model.language_pairs
            ]
            assert tuple(told) == many
            routes = [
                (route.pair.source_language_code, route.pair.target_language_code)
                for route in answer.routes
                if list(route.models) == ["many"] and route.installed
            ]
            assert routes == sorted(many)
        shutil.rmtree(tmp_path / "many")
        answer = ModelServiceStub(channel).ListModels(request, timeout=30)
        assert not answer.models
        assert not any(route.installed for route in answer.routes)


def test_models_are_added_and_removed_while_the_server_runs(tmp_path: Path) -> None:
    """An added model serves the next request; a removed or damaged one is rejected soon."""
    store = Store(tmp_path)
    source, target = KNOWN["ru"]
    with running(Settings(port=0, metrics_port=-1, model_dir=tmp_path)) as server:
        assert refused(server.address, "en") == "MODEL_NOT_INSTALLED"
        store.add(marian("en-ru"), "ours", Task.TRANSLATION, [("en", "ru")])
        assert translate(server.address, source, "ru").body == target
        store.add(marian("en-ru"), "other", Task.TRANSLATION, [("en", "ru")])
        assert translate(server.address, source, "ru", model="other").body == target
        store.remove("other")
        manifest = store.root / "ours" / "manifest.json"
        whole = manifest.read_bytes()
        manifest.write_bytes(b"{")
        assert refused(server.address, "en") == "MODEL_NOT_INSTALLED"
        assert listed(server.address)["ours"].state == pb.MODEL_STATE_FAILED
        assert "models verify ours" in listed(server.address)["ours"].error
        manifest.write_bytes(whole)
        assert translate(server.address, source, "ru").body == target
