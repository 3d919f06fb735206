"""Signals end the process, whatever it is doing and whichever clients are connected."""

from __future__ import annotations

import fcntl
import os
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc

from summsvc.v1 import article_pb2, translation_service_pb2
from summsvc.v1 import summarization_service_pb2 as summaries
from summsvc.v1.summarization_service_pb2_grpc import SummarizationServiceStub
from summsvc.v1.translation_service_pb2_grpc import TranslationServiceStub
from tests.running import refusal
from tests.server import frames
from tests.server.faulty import FAULT_MARK
from tests.server.process import Process, serving
from tests.server.watched import eventually

STREAM = "/summsvc.v1.TranslationService/StreamTranslate"
TRANSLATE = "/summsvc.v1.TranslationService/Translate"
SUMMARIZE = "/summsvc.v1.SummarizationService/Summarize"
WATCH = "/grpc.health.v1.Health/Watch"
REFLECT = "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo"
LONG_DRAIN = ("--drain-s", "600")
SHORT_DRAIN = ("--drain-s", "0.5")
BODY = "\n\n".join([f"{FAULT_MARK} stands in this sentence.", *["The talks will continue."] * 20])
"""Too long to be read on the event loop."""


@pytest.fixture
def models(model_dir: Path) -> tuple[str, ...]:
    return ("--model-dir", str(model_dir), "--preload", "opus-en-ru")


@pytest.fixture
def no_models(tmp_path: Path) -> tuple[str, ...]:
    return ("--model-dir", str(tmp_path / "none"))


def article() -> article_pb2.Article:
    return article_pb2.Article(body=BODY, language_code="en")


def translation() -> translation_service_pb2.TranslateRequest:
    return translation_service_pb2.TranslateRequest(article=article(), target_language_code="ru")


def translate(channel: grpc.Channel) -> Any:
    stub = TranslationServiceStub(channel)
    return stub.Translate.future(translation(), timeout=120, metadata=(("x-request-id", "mine"),))


def summarize(channel: grpc.Channel) -> Any:
    request = summaries.SummarizeRequest(article=article())
    stub = SummarizationServiceStub(channel)
    return stub.Summarize.future(request, timeout=120, metadata=(("x-request-id", "mine"),))


def reason(call: Any) -> str:
    """Return the reason of a failed call."""
    with pytest.raises(grpc.RpcError) as caught:
        call.result()
    said = refusal(caught.value)
    assert said.code is grpc.StatusCode.UNAVAILABLE
    return said.reason


def clean(server: Process) -> bool:
    """Log entries about the shutdown."""
    (line,) = server.log("stopped")
    return bool(line["clean"])


def cut_off(server: Process) -> list[tuple[str, str]]:
    return [(line["method"], line["request_id"]) for line in server.log("call cut off")]


def test_idle_streams_end_at_once(tmp_path: Path, no_models: tuple[str, ...]) -> None:
    asking = threading.Event()

    def questions() -> Iterator[reflection_pb2.ServerReflectionRequest]:
        yield reflection_pb2.ServerReflectionRequest(list_services="")
        asking.wait()

    with (
        serving(tmp_path, *LONG_DRAIN, *no_models) as server,
        grpc.insecure_channel(server.address) as channel,
    ):
        watching = health_pb2_grpc.HealthStub(channel).Watch(health_pb2.HealthCheckRequest())
        reflecting = reflection_pb2_grpc.ServerReflectionStub(channel).ServerReflectionInfo(
            questions()
        )
        assert next(watching).status == health_pb2.HealthCheckResponse.SERVING
        next(reflecting)
        server.signal()
        assert next(watching).status == health_pb2.HealthCheckResponse.NOT_SERVING
        for stream in (watching, reflecting):
            with pytest.raises(grpc.RpcError) as caught:
                next(stream)
            said = refusal(caught.value)
            assert (said.code, said.reason) == (grpc.StatusCode.UNAVAILABLE, "DRAINING")
        assert server.code() == 0
        assert clean(server)
        assert cut_off(server) == []
        asking.set()


def test_streams_of_headers_only_do_not_delay_shutdown(
    tmp_path: Path, no_models: tuple[str, ...]
) -> None:
    methods = (TRANSLATE, STREAM, WATCH, REFLECT)
    with serving(tmp_path, *LONG_DRAIN, *no_models) as server, ExitStack() as stack:
        for window in (0, 65_535):
            connection = stack.enter_context(closing(frames.connect(server.address, window)))
            for stream, method in enumerate(methods * 5):
                connection.sendall(frames.headers(2 * stream + 1, method))
            frames.wait_until_read(connection)
        server.signal()
        assert server.code() == 0
        assert clean(server)


def test_a_watcher_that_does_not_read_delays_neither_shutdown_nor_other_watchers(
    tmp_path: Path, models: tuple[str, ...]
) -> None:
    request = health_pb2.HealthCheckRequest(service="summsvc.v1.TranslationService")
    with (
        serving(tmp_path, *LONG_DRAIN, *models) as server,
        closing(frames.connect(server.address, window=0)) as connection,
        grpc.insecure_channel(server.address) as channel,
    ):
        connection.sendall(
            frames.headers(1, WATCH) + frames.message(1, request.SerializeToString())
        )
        frames.wait_until_read(connection)
        server.wait_until_ready()
        watching = health_pb2_grpc.HealthStub(channel).Watch(request)
        assert next(watching).status == health_pb2.HealthCheckResponse.SERVING
        server.signal()
        assert next(watching).status == health_pb2.HealthCheckResponse.NOT_SERVING
        assert server.code() == 0
        assert clean(server)


def test_silent_connections_do_not_delay_shutdown(
    tmp_path: Path, no_models: tuple[str, ...]
) -> None:
    with serving(tmp_path, *LONG_DRAIN, *no_models) as server, ExitStack() as stack:
        host, _, port = server.address.rpartition(":")
        for _ in range(10):
            stack.enter_context(closing(socket.create_connection((host, int(port)))))
        stack.enter_context(closing(frames.connect(server.address)))
        server.signal()
        assert server.code() == 0
        assert clean(server)


def test_accepted_work_is_finished_and_the_shutdown_is_clean(
    tmp_path: Path, models: tuple[str, ...]
) -> None:
    with (
        serving(tmp_path, *LONG_DRAIN, *models, fault="engine until") as server,
        grpc.insecure_channel(server.address) as channel,
    ):
        server.wait_until_ready()
        call = translate(channel)
        server.wait_until_held()
        server.start_shutdown()
        server.release()
        assert call.result().body
        assert server.code() == 0
        assert clean(server)
        assert cut_off(server) == []
        assert server.log("work left running") == []


@pytest.mark.parametrize("method", [STREAM, TRANSLATE])
def test_a_reader_that_stopped_does_not_delay_shutdown(
    tmp_path: Path, models: tuple[str, ...], method: str
) -> None:
    request: Any = translation()
    if method == STREAM:
        request = translation_service_pb2.StreamTranslateRequest(request=request)
    with (
        serving(tmp_path, *SHORT_DRAIN, *models) as server,
        closing(frames.connect(server.address, window=0)) as connection,
    ):
        server.wait_until_ready()
        beginning = frames.headers(1, method, x_request_id="mine")
        connection.sendall(beginning + frames.message(1, request.SerializeToString()))
        frames.wait_for(connection, frames.HEADERS)
        server.signal()
        assert server.code() == 1
        assert not clean(server)
        assert cut_off(server) == [(method, "mine")]
        assert server.log("work left running") == []


@pytest.mark.parametrize(
    ("fault", "make", "method", "left"),
    [
        ("engine", translate, TRANSLATE, "batches"),
        ("text", summarize, SUMMARIZE, "text_jobs"),
    ],
)
def test_work_that_does_not_end_is_cancelled_reported_and_logged(
    tmp_path: Path,
    models: tuple[str, ...],
    fault: str,
    make: Callable[[grpc.Channel], Any],
    method: str,
    left: str,
) -> None:
    with (
        serving(tmp_path, *SHORT_DRAIN, *models, fault=fault) as server,
        grpc.insecure_channel(server.address) as channel,
    ):
        server.wait_until_ready()
        call = make(channel)
        server.wait_until_held()
        server.signal()
        assert reason(call) == "DRAINING"
        assert server.code() == 1
        assert not clean(server)
        assert cut_off(server) == [(method, "mine")]
        (line,) = server.log("work left running")
        # The segments of the call may be in two batches.
        assert [kind for kind in ("text_jobs", "batches") if line[kind]] == [left]
        assert FAULT_MARK not in server.text()


@pytest.mark.parametrize("fault", ["engine", "text"])
def test_work_of_a_disconnected_caller_does_not_delay_shutdown(
    tmp_path: Path, models: tuple[str, ...], fault: str
) -> None:
    with (
        serving(tmp_path, *SHORT_DRAIN, *models, fault=fault) as server,
        grpc.insecure_channel(server.address) as channel,
    ):
        server.wait_until_ready()
        call = translate(channel)
        server.wait_until_held()
        call.cancel()
        eventually(lambda: bool(server.log("call")))
        server.signal()
        assert server.code() == 1
        assert not clean(server)
        assert cut_off(server) == []


def test_a_loading_model_does_not_delay_shutdown(tmp_path: Path, models: tuple[str, ...]) -> None:
    with serving(tmp_path, *SHORT_DRAIN, *models, fault="loading") as server:
        server.wait_until_held()
        server.signal()
        assert server.code() == 1
        assert not clean(server)


def test_a_store_that_does_not_respond_does_not_delay_shutdown(
    tmp_path: Path, no_models: tuple[str, ...]
) -> None:
    with serving(tmp_path, *SHORT_DRAIN, *no_models, fault="store") as server:
        server.release()
        server.wait_until_held()
        server.signal()
        assert server.code() == 1
        assert not clean(server)


@pytest.mark.parametrize("fault", ["loop", "text with the lock"])
def test_the_process_exits_while_the_gil_is_held(
    tmp_path: Path, no_models: tuple[str, ...], fault: str
) -> None:
    """A thread exits the process that needs neither the event loop nor the GIL."""
    with (
        serving(tmp_path, *SHORT_DRAIN, *no_models, fault=fault) as server,
        grpc.insecure_channel(server.address) as channel,
    ):
        call = None
        if fault == "text with the lock":
            call = summarize(channel)
            server.wait_until_held()
        server.start_shutdown()
        server.release()
        assert server.code() == 1
        assert server.log("stopped") == []
        assert call is None or call.code() is grpc.StatusCode.UNAVAILABLE
        text = server.text()
        assert "most recent call first" in text
        assert FAULT_MARK not in text


@pytest.mark.parametrize(("fault", "second"), [("engine", signal.SIGTERM), ("loop", signal.SIGINT)])
def test_a_second_signal_exits_at_once(
    tmp_path: Path, models: tuple[str, ...], fault: str, second: signal.Signals
) -> None:
    with (
        serving(tmp_path, *LONG_DRAIN, *models, fault=fault) as server,
        grpc.insecure_channel(server.address) as channel,
    ):
        server.wait_until_ready()
        call = None
        if fault == "engine":
            call = translate(channel)
            server.wait_until_held()
        server.start_shutdown()
        server.signal(second)
        assert server.code() == 128 + second
        assert server.log("stopped") == []
        assert call is None or call.code() is grpc.StatusCode.UNAVAILABLE
        (line,) = server.log("second signal, exiting immediately")
        assert line["signal"] == second.name


@pytest.mark.parametrize("fault", ["engine", "loop"])
def test_an_unread_log_does_not_delay_shutdown(
    tmp_path: Path, models: tuple[str, ...], fault: str
) -> None:
    reading, writing = os.pipe()
    with (
        serving(tmp_path, *SHORT_DRAIN, *models, fault=fault, stderr=writing) as server,
        grpc.insecure_channel(server.address) as channel,
    ):
        server.wait_until_ready()
        _fill(writing)
        call = translate(channel)
        if fault == "engine":
            server.wait_until_held()
        server.signal()
        assert server.code() == 1
        if fault == "engine":
            assert reason(call) == "DRAINING"
    os.close(reading)
    os.close(writing)


def _fill(pipe: int) -> None:
    """Write until a pipe is full."""
    flags = fcntl.fcntl(pipe, fcntl.F_GETFL)
    fcntl.fcntl(pipe, fcntl.F_SETFL, flags | os.O_NONBLOCK)
    try:
        while True:
            os.write(pipe, b"\n" * 1000)
    except BlockingIOError:
        fcntl.fcntl(pipe, fcntl.F_SETFL, flags)
