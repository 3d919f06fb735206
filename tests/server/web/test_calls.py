"""Calls by HTTP have the replies, the errors and the limits of gRPC calls."""

from __future__ import annotations

import json
import socket
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import grpc
import httpx2
import pytest
from google.protobuf.json_format import MessageToDict, ParseDict

from summsvc.config import Settings
from summsvc.v1 import (
    model_service_pb2,
    model_service_pb2_grpc,
    summarization_service_pb2,
    summarization_service_pb2_grpc,
    translation_service_pb2,
    translation_service_pb2_grpc,
)
from tests.checkpoints.news import sentences
from tests.running import Running, refusal, running
from tests.server.watched import ControlledEngine, eventually

ARTICLE = {
    "title": "Latest news",
    "body": "Admin\n\nThe president met the mayor in Riga on Friday. Nobody was hurt.\n\n"
    "The talks will continue. The results surprised everyone.",
}
MANY = " ".join(english for english, _, _ in sentences()[14:54])


def translation(body: str = ARTICLE["body"], **fields: Any) -> dict[str, Any]:
    article = {"title": "Latest news", "body": body, "language_code": "en"}
    options = {
        "target_language_code": "ru",
        "bypass_cache": True,
        "decoding": {"beam_size": 1},
    }
    return {"request": {"article": article} | options | fields}


NO_FORMAT = {"article": {"body": "a", "mime_type": "x"}}
NO_SOURCE = translation(glossary=[{"source": "", "target": "a"}])
HEAD = "POST /api/Summarize HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
MANY_TERMS = translation(do_not_translate=["a"] * 4)


def with_token(folder: Path) -> AbstractContextManager[Running]:
    """A server in a folder without models, which asks for a token."""
    tokens = folder / "tokens.txt"
    tokens.write_text("a good token\n")
    return running(
        Settings(port=0, metrics_port=-1, web="127.0.0.1:0", model_dir=folder, token_file=tokens)
    )


def error(response: httpx2.Response) -> dict[str, Any]:
    found: dict[str, Any] = response.json()["error"]
    return found


def without_times(reply: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in reply.items() if key != "stats"}


def test_a_summary_is_the_one_of_grpc(web: httpx2.Client, web_server: Running) -> None:
    request = {"article": ARTICLE, "length": {"max_sentences": 2}}
    response = web.post("/api/Summarize", json=request)
    assert response.status_code == 200
    reply = response.json()
    message = ParseDict(request, summarization_service_pb2.SummarizeRequest())
    with grpc.insecure_channel(web_server.address) as channel:
        stub = summarization_service_pb2_grpc.SummarizationServiceStub(channel)
        wanted = MessageToDict(stub.Summarize(message), preserving_proto_field_name=True)
    assert without_times(reply) == without_times(wanted)
    assert len(reply["sentences"]) == 2
    assert reply["stats"]["total_ms"] > 0


def test_a_stream_has_the_events_of_grpc(web: httpx2.Client, web_server: Running) -> None:
    request = translation(do_not_translate=["Riga"])
    response = web.post("/api/StreamTranslate", json=request)
    events = [json.loads(line) for line in response.text.splitlines()]
    message = ParseDict(request, translation_service_pb2.StreamTranslateRequest())
    with grpc.insecure_channel(web_server.address) as channel:
        stub = translation_service_pb2_grpc.TranslationServiceStub(channel)
        wanted = [
            MessageToDict(event, preserving_proto_field_name=True)
            for event in stub.StreamTranslate(message)
        ]
    assert [next(iter(event)) for event in events] == ["started", *["segment"] * 5, "finished"]
    assert events[:-1] == wanted[:-1]
    assert events[0]["started"]["warnings"][0]["type"] == "WARNING_TYPE_BOILERPLATE_REMOVED"
    assert "Riga" in events[2]["segment"]["text"]


def test_models_and_server_are_those_of_grpc(web: httpx2.Client, web_server: Running) -> None:
    listed = web.post("/api/ListModels", json={}).json()
    info = web.post("/api/GetServerInfo", json={}).json()
    with grpc.insecure_channel(web_server.address) as channel:
        stub = model_service_pb2_grpc.ModelServiceStub(channel)
        wanted = stub.ListModels(model_service_pb2.ListModelsRequest())
        wanted_info = stub.GetServerInfo(model_service_pb2.GetServerInfoRequest())
        assert (info["version"], info["caller"]) == (wanted_info.version, wanted_info.caller)
    assert listed == MessageToDict(wanted, preserving_proto_field_name=True)
    assert info["limits"]["max_terms"] == 3
    assert web.get("/server.json").json() == {
        "port": web_server.server.port,
        "tls": False,
        "token": False,
    }


def test_segments_are_sent_as_they_are_translated(
    web: httpx2.Client, watched: ControlledEngine
) -> None:
    with web.stream("POST", "/api/StreamTranslate", json=translation(MANY)) as response:
        lines = response.iter_lines()
        watched.let(1)
        assert "started" in json.loads(next(lines))
        assert "segment" in json.loads(next(lines))
        assert len(watched.batches) <= 2
        watched.free()
        assert "finished" in json.loads(list(lines)[-1])


def test_no_batch_is_computed_after_the_client_has_left(
    web: httpx2.Client, watched: ControlledEngine
) -> None:
    with web.stream("POST", "/api/StreamTranslate", json=translation(MANY)) as response:
        lines = response.iter_lines()
        watched.let(1)
        next(lines)
    watched.wait_until_left()
    watched.free()
    watched.wait_until_idle()
    assert len(watched.batches) < 5


@pytest.mark.parametrize(
    ("method", "request_", "reason", "field"),
    [
        ("Summarize", {"article": {"body": " "}}, "EMPTY_ARTICLE", "article.body"),
        ("Summarize", NO_FORMAT, "INVALID_FIELD", "article.mime_type"),
        ("StreamTranslate", {"request": {}}, "INVALID_FIELD", "request.target_language_code"),
        ("StreamTranslate", NO_SOURCE, "INVALID_FIELD", "request.glossary[0].source"),
        ("StreamTranslate", MANY_TERMS, "INVALID_FIELD", "request.do_not_translate"),
        ("StreamTranslate", translation(target_language_code="lv"), "UNSUPPORTED_PAIR", None),
        ("Summarize", {"article": {"text": "a"}}, "MALFORMED_REQUEST", ""),
        ("Summarize", {"article": {"body": ["a"]}}, "MALFORMED_REQUEST", ""),
        ("Summarize", {"article": {"body": "\ud800"}}, "MALFORMED_REQUEST", ""),
        ("Summarize", [], "MALFORMED_REQUEST", ""),
        ("Summarize", {"article": {"body": "a" * 210_000}}, "TEXT_TOO_LONG", ""),
    ],
)
def test_refused_with_the_reason_of_grpc(
    web: httpx2.Client, method: str, request_: object, reason: str, field: str | None
) -> None:
    response = web.post(
        f"/api/{method}",
        content=json.dumps(request_),
        headers={"content-type": "application/json"},
    )
    assert response.status_code == 400
    found = error(response)
    assert found["reason"] == reason
    assert found["metadata"]["request_id"]
    if field is not None:
        assert found.get("field", "") == field


@pytest.mark.parametrize("body", [b"", b"{", b"[" * 100_000, b'"\xff"', b"9" * 5_000])
def test_other_bytes_are_refused(web: httpx2.Client, body: bytes) -> None:
    headers = {"content-type": "application/json"}
    response = web.post("/api/Summarize", content=body, headers=headers)
    assert response.status_code == 400
    assert error(response)["reason"] == "MALFORMED_REQUEST"


def test_a_model_that_is_not_installed_has_its_command(web: httpx2.Client) -> None:
    request = translation(body="Президент посетит Ригу.", target_language_code="en")
    request["request"]["article"]["language_code"] = "ru"
    response = web.post("/api/StreamTranslate", json=request)
    assert response.status_code == 400
    found = error(response)
    assert found["code"] == "FAILED_PRECONDITION"
    assert found["metadata"]["command"].startswith("summsvc models pull ")


def test_a_failure_after_the_first_event_is_the_last_line(
    web: httpx2.Client, web_server: Running, watched: ControlledEngine
) -> None:
    with web.stream("POST", "/api/StreamTranslate", json=translation(MANY)) as response:
        lines = response.iter_lines()
        watched.let(1)
        next(lines)
        calls = web_server.server._active_calls
        web_server.loop.call_soon_threadsafe(lambda: calls._cancel(list(calls._tasks)))
        last = json.loads(list(lines)[-1])
    assert last["error"]["code"] == "UNAVAILABLE"
    assert last["error"]["reason"] == "DRAINING"


def test_a_token_is_asked_for_before_the_request_is_read(tmp_path: Path) -> None:
    with (
        with_token(tmp_path) as server,
        httpx2.Client(base_url=server.server.web_url, timeout=60) as client,
    ):
        for headers in ({}, {"authorization": "Bearer another"}):
            response = client.post("/api/Summarize", json={"article": {"no": ""}}, headers=headers)
            assert response.status_code == 401
            assert error(response)["reason"] == "UNAUTHENTICATED"
        headers = {"authorization": "Bearer a good token"}
        request = {"article": ARTICLE}
        response = client.post("/api/Summarize", json=request, headers=headers)
        assert response.status_code == 200
        # The page itself has no secret.
        assert client.get("/").status_code == 200
        assert client.get("/server.json").json()["token"] is True


def test_a_call_without_a_token_is_refused_before_its_body_arrives(tmp_path: Path) -> None:
    with (
        with_token(tmp_path) as server,
        socket.create_connection(("127.0.0.1", server.server.web_port), timeout=60) as slow,
    ):
        slow.sendall(f"{HEAD}Content-Length: 100\r\n\r\n{{".encode())
        assert slow.recv(65_536).startswith(b"HTTP/1.1 401 ")


def test_limits_of_a_caller_count_calls_of_both_kinds(
    students: Path,
) -> None:
    settings = Settings(
        port=0,
        metrics_port=-1,
        web="127.0.0.1:0",
        model_dir=students,
        preload=["all"],
        max_caller_calls=1,
    )
    with running(settings) as server:
        server.wait_until_ready()
        engine = ControlledEngine(server, "firefox-en-ru")
        with httpx2.Client(base_url=server.server.web_url, timeout=60) as client:
            with client.stream("POST", "/api/StreamTranslate", json=translation(MANY)) as response:
                assert response.status_code == 200
                second = client.post("/api/Summarize", json={"article": ARTICLE})
                assert second.status_code == 429
                assert error(second)["reason"] == "CALLER_LIMIT"
                assert error(second)["retry_after_s"] > 0
                with grpc.insecure_channel(server.address) as channel:
                    stub = summarization_service_pb2_grpc.SummarizationServiceStub(channel)
                    with pytest.raises(grpc.RpcError) as caught:
                        stub.Summarize(summarization_service_pb2.SummarizeRequest())
                assert refusal(caught.value).reason == "CALLER_LIMIT"
            engine.restore()
            eventually(lambda: server.server._active_calls.idle())
            assert client.post("/api/Summarize", json={"article": ARTICLE}).status_code == 200


def test_a_body_that_does_not_arrive_ends_the_call(tmp_path: Path) -> None:
    settings = Settings(
        port=0, metrics_port=-1, web="127.0.0.1:0", model_dir=tmp_path, max_receive_s=0.1
    )
    with (
        running(settings) as server,
        socket.create_connection(("127.0.0.1", server.server.web_port), timeout=60) as slow,
    ):
        slow.sendall(f"{HEAD}Content-Length: 100\r\n\r\n{{".encode())
        reply = slow.recv(65_536)
        assert reply.startswith(b"HTTP/1.1 504 ")
        eventually(lambda: server.server._active_calls.idle())
