"""grpcurl calls real servers: every method, errors, deadlines, cancellation, streams, TLS."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from summsvc.v1 import model_service_pb2, summarization_service_pb2, translation_service_pb2
from tests.clients.conftest import PAGE, SENTENCE, TRANSLATION, Secure, cancelled_streams, run
from tests.running import Running
from tests.server.watched import eventually
from tests.test_readme import example

GRPCURL = Path(sys.executable).parent / "grpcurl"

STATUS = 64
"""Exit codes of failed calls are 64 above the status."""

ARTICLE = {"body": SENTENCE, "language_code": "en"}
TRANSLATE = {
    "article": ARTICLE,
    "target_language_code": "ru",
    "decoding": {"beam_size": 1},
}
LONG = "\n\n".join(f"{number} {SENTENCE}" for number in range(300))


def call(
    address: str, method: str, request: object, *flags: str, status: int = 0
) -> list[dict[str, Any]]:
    """Call a method; return its replies, or the status that it ended with."""
    plain = () if "-cacert" in flags else ("-plaintext",)
    done = subprocess.run(
        [GRPCURL, *plain, *flags, "-format-error", "-d", "@", address, method],
        input=json.dumps(request),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == (STATUS + status if status else 0), done.stdout + done.stderr
    return documents(done.stderr if status else done.stdout)


def documents(text: str) -> list[dict[str, Any]]:
    """JSON documents that follow one another."""
    found, decoder = list[dict[str, Any]](), json.JSONDecoder()
    while text := text.lstrip():
        document, end = decoder.raw_decode(text)
        found.append(document)
        text = text[end:]
    return found


METHODS: dict[str, tuple[object, list[str]]] = {
    "SummarizationService/Summarize": ({"article": ARTICLE}, ["summary"]),
    "SummarizationService/BatchSummarize": ({"requests": [{"article": ARTICLE}]}, ["results"]),
    "TranslationService/Translate": (TRANSLATE, ["body"]),
    "TranslationService/BatchTranslate": ({"requests": [TRANSLATE]}, ["results"]),
    "TranslationService/StreamTranslate": (
        {"request": TRANSLATE},
        ["started", "segment", "finished"],
    ),
    "ModelService/ListModels": ({}, ["models"]),
    "ModelService/GetServerInfo": ({}, ["limits"]),
}
"""A request by method, and a field of each reply."""


@pytest.mark.parametrize("method", METHODS)
def test_method(method: str, translating_server: Running) -> None:
    request, fields = METHODS[method]
    replies = call(translating_server.address, f"summsvc.v1.{method}", request)
    assert [field for field, reply in zip(fields, replies, strict=True) if field in reply] == fields


def test_every_method_has_a_request() -> None:
    files = (model_service_pb2, summarization_service_pb2, translation_service_pb2)
    services = [service for file in files for service in file.DESCRIPTOR.services_by_name.values()]
    methods = {f"{service.name}/{each.name}" for service in services for each in service.methods}
    assert set(METHODS) == methods


def test_health_and_the_list_of_services(translating_server: Running) -> None:
    address = translating_server.address
    service = {"service": "summsvc.v1.TranslationService"}
    assert call(address, "grpc.health.v1.Health/Check", service) == [{"status": "SERVING"}]
    listed = run(GRPCURL, "-plaintext", address, "list").split()
    named = {f"summsvc.v1.{method.partition('/')[0]}" for method in METHODS}
    assert named | {"grpc.health.v1.Health"} <= set(listed)


def test_a_stream_makes_up_the_translation(translating_server: Running) -> None:
    request = {"request": TRANSLATE}
    method = "summsvc.v1.TranslationService/StreamTranslate"
    (_, segment, _) = call(translating_server.address, method, request)
    assert segment["segment"]["text"] == TRANSLATION


def test_an_error_has_details(bare_server: Running) -> None:
    (error,) = call(
        bare_server.address,
        "summsvc.v1.SummarizationService/Summarize",
        {"article": ARTICLE, "length": {"max_sentences": 0}},
        status=3,
    )
    kinds = {detail["@type"].rpartition(".")[2]: detail for detail in error["details"]}
    assert kinds["ErrorInfo"]["reason"] == "INVALID_FIELD"
    assert kinds["ErrorInfo"]["domain"] == "summsvc"
    assert kinds["BadRequest"]["field_violations"][0]["field"] == "length.max_sentences"


def test_a_deadline_that_the_server_cannot_meet(translating_server: Running) -> None:
    request = TRANSLATE | {
        "article": {"body": "\n\n".join([LONG] * 20), "language_code": "en"},
        "bypass_cache": True,
    }
    method = "summsvc.v1.TranslationService/Translate"
    call(translating_server.address, method, request, "-max-time", "1", status=4)


def test_a_stream_whose_reader_is_interrupted(translating_server: Running) -> None:
    before = cancelled_streams(translating_server)
    request = {"request": TRANSLATE | {"article": {"body": LONG}, "bypass_cache": True}}
    process = subprocess.Popen(
        [
            *(GRPCURL, "-plaintext", "-d", json.dumps(request), translating_server.address),
            "summsvc.v1.TranslationService/StreamTranslate",
        ],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "{\n"
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=60)
    assert process.returncode != 0
    eventually(lambda: cancelled_streams(translating_server) > before)


@pytest.mark.parametrize(("token", "status"), [("right", 0), ("wrong", 16)])
def test_tls_and_tokens(token: str, status: int, secure: Secure) -> None:
    token = secure.token if token == "right" else token
    (reply,) = call(
        secure.address,
        "summsvc.v1.SummarizationService/Summarize",
        {"article": ARTICLE},
        *("-cacert", str(secure.ca), "-rpc-header", f"authorization: Bearer {token}"),
        *("-reflect-header", f"authorization: Bearer {secure.token}"),
        status=status,
    )
    if status:
        assert reply["details"][0]["reason"] == "UNAUTHENTICATED"
    else:
        assert reply["summary"] == SENTENCE


def test_the_command_of_the_page(bare_server: Running) -> None:
    command = example(PAGE, "sh", "grpcurl -plaintext")
    command = command.replace("localhost:50051", bare_server.address)
    printed = run("bash", "-c", command.replace("grpcurl ", f"{GRPCURL} ", 1))
    assert '"summary": "The president met the mayor in Riga on Friday."' in printed
