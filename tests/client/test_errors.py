"""Failures of calls: typed errors, retries, deadlines, cancellation, TLS and tokens."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.protobuf import any_pb2
from google.rpc import error_details_pb2, status_pb2

from summsvc import client, errors
from summsvc.client import (
    AsyncClient,
    Client,
    DeadlineExceededError,
    MessageTooLargeError,
    OverloadedError,
    SummsvcClientError,
    UnauthenticatedError,
    UnavailableError,
    UnimplementedError,
)
from summsvc.server.codec.status import code_of, status_of, trailing_metadata
from summsvc.v1 import summarization_service_pb2 as summaries
from summsvc.v1 import translation_service_pb2 as translations
from tests.client.conftest import Caller
from tests.client.fake import Answer, FakeServer

OK = summaries.SummarizeResponse(summary="fine")


def failing(error: errors.SummsvcError, times: int = 1000) -> Answer:
    """Fail the first ``times`` calls as the real server does, then reply."""
    left = iter(range(times))

    def answer(_: Any, context: grpc.ServicerContext) -> Any:
        if next(left, None) is None:
            return OK
        context.set_trailing_metadata((trailing_metadata(status_of(error, "id-1")),))
        return context.abort(code_of(error), error.message)

    return answer


def aborting(code: grpc.StatusCode) -> Answer:
    return lambda _, context: context.abort(code, "no details")


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (errors.EmptyArticleError("no text", field="article.body"), client.InvalidArgumentError),
        (errors.ModelNotInstalledError("pull it"), client.FailedPreconditionError),
        (errors.DrainingError("going down"), client.UnavailableError),
        (errors.LoadingError("not yet"), client.UnavailableError),
        (errors.OverloadedError("full", retry_after=1.5), client.OverloadedError),
        (errors.DeadlineError("too late"), client.DeadlineExceededError),
        (errors.UnauthenticatedError("who?"), client.UnauthenticatedError),
        (errors.UnknownMethodError("no such"), client.UnimplementedError),
        (errors.EngineError("broken"), client.InternalError),
    ],
)
def test_every_server_error_raises_its_client_error(
    fake: FakeServer, call: Caller, error: errors.SummsvcError, kind: type[SummsvcClientError]
) -> None:
    error.metadata["limit"] = "5"
    fake.answers["Summarize"] = failing(error)
    with pytest.raises(SummsvcClientError) as caught:
        call(fake.address, "summarize", "text")
    got = caught.value
    assert type(got) is kind
    assert (got.code, got.reason, got.message) == (code_of(error), error.reason, error.message)
    assert got.metadata == {"request_id": "id-1", "limit": "5"}
    assert got.retry_after == error.retry_after
    assert [(each.field, each.reason) for each in got.violations] == (
        [(error.field, error.reason)] if error.field else []
    )
    assert str(got) == f"{error.reason}: {error.message}"


@pytest.mark.parametrize("code", [each for each in grpc.StatusCode if each.name != "OK"])
def test_status_codes_without_details_raise_errors(fake: FakeServer, code: grpc.StatusCode) -> None:
    fake.answers["Summarize"] = aborting(code)
    with Client(fake.address) as blocking, pytest.raises(SummsvcClientError) as caught:
        blocking.summarize("text")
    assert caught.value.code is code
    assert (caught.value.reason, caught.value.message) == ("", "no details")
    assert str(caught.value) == f"{code.name}: no details"


def with_details(detail: any_pb2.Any) -> bytes:
    status = status_pb2.Status(code=3, message="rich", details=[detail])  # INVALID_ARGUMENT
    return bytes(status.SerializeToString())


def damaged() -> any_pb2.Any:
    detail = any_pb2.Any()
    detail.Pack(error_details_pb2.ErrorInfo(reason="R"))
    detail.value = b"\xff\xff\xff"
    return detail


def endless_delay() -> any_pb2.Any:
    detail, info = any_pb2.Any(), error_details_pb2.RetryInfo()
    info.retry_delay.seconds = 2**62
    detail.Pack(info)
    return detail


@pytest.mark.parametrize(
    "entry",
    [b"\xff\xff\xff", b"\x08\x05", with_details(damaged()), with_details(endless_delay())],
)
def test_invalid_details_are_ignored(fake: FakeServer, call: Caller, entry: bytes) -> None:
    def answer(_: Any, context: grpc.ServicerContext) -> Any:
        context.set_trailing_metadata((("grpc-status-details-bin", entry),))
        return context.abort(grpc.StatusCode.INVALID_ARGUMENT, "plain words")

    fake.answers["Summarize"] = answer
    with pytest.raises(client.InvalidArgumentError, match="plain words"):
        call(fake.address, "summarize", "text")


def test_unavailable_is_retried_until_success(fake: FakeServer, call: Caller) -> None:
    fake.answers["Summarize"] = failing(errors.DrainingError("going down"), times=2)
    assert call(fake.address, "summarize", "text").text == "fine"
    assert len(fake.calls) == 3


def test_cancelled_by_the_transport_of_a_server_in_shutdown_is_retried(
    fake: FakeServer, call: Caller
) -> None:
    cancelled = aborting(grpc.StatusCode.CANCELLED)
    fake.answers["Summarize"] = lambda *asked: OK if len(fake.calls) > 1 else cancelled(*asked)
    assert call(fake.address, "summarize", "text").text == "fine"
    assert len(fake.calls) == 2


def test_unavailable_is_attempted_at_most_four_times(fake: FakeServer, call: Caller) -> None:
    fake.answers["Summarize"] = failing(errors.DrainingError("going down"))
    with pytest.raises(UnavailableError):
        call(fake.address, "summarize", "text")
    assert len(fake.calls) == 4


def test_a_large_article_is_retried(fake: FakeServer, call: Caller) -> None:
    fake.answers["Summarize"] = failing(errors.DrainingError("going down"), times=1)
    assert call(fake.address, "summarize", "text " * 400_000).text == "fine"
    assert len(fake.calls) == 2


def test_no_other_failure_is_retried(fake: FakeServer) -> None:
    for code in grpc.StatusCode:
        if code.name not in ("OK", "UNAVAILABLE", "CANCELLED"):
            fake.calls.clear()
            fake.answers["Summarize"] = aborting(code)
            with Client(fake.address) as blocking, pytest.raises(SummsvcClientError):
                blocking.summarize("text")
            assert len(fake.calls) == 1, code


def test_no_server_raises_unavailable_without_a_reason(call: Caller) -> None:
    with pytest.raises(UnavailableError) as caught:
        call("localhost:1", "summarize", "text")
    assert caught.value.reason == ""


def test_the_deadline_is_sent_and_ends_the_call(fake: FakeServer, call: Caller) -> None:
    seen: list[float] = []
    released = threading.Event()

    def answer(_: Any, context: grpc.ServicerContext) -> Any:
        seen.append(context.time_remaining())
        released.wait(10)
        return OK

    fake.answers["Summarize"] = answer
    try:
        with pytest.raises(DeadlineExceededError):
            call(fake.address, "summarize", "text", timeout=0.3)
        with pytest.raises(DeadlineExceededError):
            call(fake.address, "summarize", "text", connection={"timeout": 0.3})
    finally:
        released.set()
    # Far below the client's default; clocks of client and server may differ by milliseconds.
    assert seen
    assert all(left < 30 for left in seen)


def test_the_timeout_of_a_call_overrides_the_timeout_of_the_client(
    fake: FakeServer, call: Caller
) -> None:
    left: list[float] = []

    def answer(_: Any, context: grpc.ServicerContext) -> Any:
        left.append(context.time_remaining())
        return OK

    fake.answers["Summarize"] = answer
    call(fake.address, "summarize", "text")
    call(fake.address, "summarize", "text", connection={"timeout": 500})
    call(fake.address, "summarize", "text", connection={"timeout": 500}, timeout=100)
    assert 30 < left[0] < 61
    assert 400 < left[1] < 501
    assert 70 < left[2] < 101


def test_a_large_message_raises_its_own_error(fake: FakeServer, call: Caller) -> None:
    fake.answers["Summarize"] = lambda *_: OK
    with pytest.raises(MessageTooLargeError, match="larger than max"):
        call(fake.address, "summarize", "x" * 9_000_000)
    with pytest.raises(MessageTooLargeError, match="larger than max"):
        call(
            fake.address, "summarize", "x" * 9_000_000, connection={"max_message_bytes": 16_000_000}
        )
    fake.answers["Summarize"] = lambda *_: summaries.SummarizeResponse(summary="x" * 5000)
    with pytest.raises(MessageTooLargeError, match="larger than max"):
        call(fake.address, "summarize", "x", connection={"max_message_bytes": 4000})
    assert not issubclass(MessageTooLargeError, OverloadedError)


def test_an_error_in_a_stream_is_raised_after_the_events_received_before(
    fake: FakeServer, call: Caller
) -> None:
    def answer(_: Any, context: grpc.ServicerContext) -> Iterator[Any]:
        yield translations.StreamTranslateResponse(started={"segments": 2})  # type: ignore[arg-type]
        failing(errors.EngineError("broken"))(None, context)

    fake.answers["StreamTranslate"] = answer
    with Client(fake.address) as blocking:
        stream = blocking.stream_translate("text", "ru")
        assert isinstance(next(stream), client.TranslationStarted)
        with pytest.raises(client.InternalError, match="broken"):
            next(stream)
    with pytest.raises(client.InternalError):
        call(fake.address, "stream_translate", "text", "ru")


def endless(_: Any, context: grpc.ServicerContext) -> Iterator[Any]:
    while context.is_active():
        yield translations.StreamTranslateResponse(started={"segments": 2})  # type: ignore[arg-type]


def test_closing_a_stream_cancels_the_call(fake: FakeServer) -> None:
    fake.answers["StreamTranslate"] = endless
    with Client(fake.address) as blocking:
        stream = blocking.stream_translate("text", "ru")
        next(stream)
        stream.close()  # type: ignore[attr-defined]
        assert fake.ended.wait(10)


async def test_closing_an_asyncio_stream_cancels_the_call(fake: FakeServer) -> None:
    fake.answers["StreamTranslate"] = endless
    async with AsyncClient(fake.address) as asyncio_client:
        stream = asyncio_client.stream_translate("text", "ru")
        await anext(stream)
        await stream.aclose()  # type: ignore[attr-defined]
        assert await asyncio.to_thread(fake.ended.wait, 10)


async def test_cancelling_a_task_cancels_its_call(fake: FakeServer) -> None:
    arrived, cancelled = threading.Event(), threading.Event()

    def answer(_: Any, context: grpc.ServicerContext) -> Any:
        context.add_callback(cancelled.set)
        arrived.set()
        cancelled.wait(10)
        return OK

    fake.answers["Summarize"] = answer
    async with AsyncClient(fake.address) as asyncio_client:
        task = asyncio.create_task(asyncio_client.summarize("text"))
        assert await asyncio.to_thread(arrived.wait, 10)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert await asyncio.to_thread(cancelled.wait, 10)


def test_threads_can_share_a_client(fake: FakeServer) -> None:
    fake.answers["Summarize"] = lambda request, _: summaries.SummarizeResponse(
        summary=request.article.body
    )
    answers: dict[str, str] = {}
    with Client(fake.address) as blocking:

        def work(text: str) -> None:
            answers[text] = blocking.summarize(text).text

        threads = [threading.Thread(target=work, args=(str(i),)) for i in range(20)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert answers == {str(i): str(i) for i in range(20)}


def test_calls_are_distributed_over_all_addresses() -> None:
    one, two = FakeServer(), FakeServer()
    for server in (one, two):
        server.answers["Summarize"] = lambda *_: OK
    try:
        with Client(f"ipv4:127.0.0.1:{one.port},127.0.0.1:{two.port}") as blocking:
            for _ in range(40):
                blocking.summarize("text")
        assert one.calls
        assert two.calls
    finally:
        one.stop()
        two.stop()


def test_a_client_reconnects_after_a_server_restart() -> None:
    first = FakeServer()
    first.answers["Summarize"] = lambda *_: OK
    with Client(first.address) as blocking:
        assert blocking.summarize("text").text == "fine"
        first.stop()
        second = FakeServer(port=first.port)
        second.answers["Summarize"] = lambda *_: OK
        assert blocking.summarize("text").text == "fine"
        second.stop()


def test_the_token_is_sent_as_bearer_token(fake: FakeServer, call: Caller) -> None:
    fake.answers["Summarize"] = lambda *_: OK
    call(fake.address, "summarize", "text", connection={"token": "s3cret"})
    assert fake.calls[-1][2]["authorization"] == "Bearer s3cret"
    call(fake.address, "summarize", "text")
    assert "authorization" not in fake.calls[-1][2]
    fake.answers["Summarize"] = failing(errors.UnauthenticatedError("who?"))
    with pytest.raises(UnauthenticatedError):
        call(fake.address, "summarize", "text")


def test_unknown_methods_raise_unimplemented(fake: FakeServer, call: Caller) -> None:
    def missing(_: Any, context: grpc.ServicerContext) -> Any:
        return context.abort(grpc.StatusCode.UNIMPLEMENTED, "Method not found!")

    fake.answers["ListModels"] = missing
    with pytest.raises(UnimplementedError):
        call(fake.address, "list_models")


@contextmanager
def tls_server(certificates: Path, *, ask_client: bool) -> Iterator[FakeServer]:
    def read(name: str) -> bytes:
        return (certificates / name).read_bytes()

    server = FakeServer(
        grpc.ssl_server_credentials(
            [(read("server.key"), read("server.pem"))],
            root_certificates=read("ca.pem") if ask_client else None,
            require_client_auth=ask_client,
        )
    )
    server.answers["Summarize"] = lambda *_: OK
    try:
        yield server
    finally:
        server.stop()


def test_tls_with_a_trusted_certificate_authority(certificates: Path, call: Caller) -> None:
    with tls_server(certificates, ask_client=False) as server:
        trusting = {"tls_ca": certificates / "ca.pem", "token": "s3cret"}
        assert call(server.address, "summarize", "text", connection=trusting).text == "fine"
        assert server.calls[-1][2]["authorization"] == "Bearer s3cret"
        stranger = {"tls_ca": certificates / "client.pem"}
        for connection in (stranger, {}):
            with pytest.raises(UnavailableError):
                call(server.address, "summarize", "text", connection=connection)
        assert len(server.calls) == 1


def test_mutual_tls(certificates: Path, call: Caller) -> None:
    with tls_server(certificates, ask_client=True) as server:
        anonymous = {"tls_ca": certificates / "ca.pem"}
        with suppress(UnavailableError):
            call(server.address, "summarize", "text", connection=anonymous)
        assert not server.calls
        known = anonymous | {
            "tls_cert": certificates / "client.pem",
            "tls_key": certificates / "client.key",
        }
        assert call(server.address, "summarize", "text", connection=known).text == "fine"
