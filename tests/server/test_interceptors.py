"""Request ids and the wrapping of method handlers."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from types import SimpleNamespace
from typing import Any

import grpc
from prometheus_client import CollectorRegistry

from summsvc.config import Settings
from summsvc.scheduling.fairness.callers import NO_LIMITS
from summsvc.scheduling.fairness.turns import TURNS_PER_ITERATION
from summsvc.server.call_steps import CallSteps
from summsvc.server.codec.deserialize import RequestDeserializer
from summsvc.server.interceptors import CallInterceptor
from summsvc.server.runtime.active_calls import ActiveCalls
from summsvc.server.runtime.metrics import CallMetrics
from summsvc.server.security.tokens import Tokens
from summsvc.server.transport.callers import Callers
from summsvc.server.transport.message_reader import MessageReader
from summsvc.v1 import model_service_pb2 as pb
from summsvc.v1.model_service_pb2_grpc import ModelServiceStub


def id_of(channel: grpc.Channel, *given: tuple[str, str]) -> str:
    _, call = ModelServiceStub(channel).GetServerInfo.with_call(
        pb.GetServerInfoRequest(), metadata=given, timeout=10
    )
    return str(dict(call.trailing_metadata())["x-request-id"])


def test_every_call_has_a_new_id_or_its_callers_id(channel: grpc.Channel) -> None:
    ids = [id_of(channel) for _ in range(5)]
    assert len(set(ids)) == len(ids)
    assert all(len(id) == 32 and int(id, 16) >= 0 for id in ids)
    assert id_of(channel, ("x-request-id", "mine 7")) == "mine 7"
    assert len(id_of(channel, ("x-request-id", "x" * 129))) == 32


def create_interceptor() -> CallInterceptor:
    metrics = CallMetrics(CollectorRegistry())
    callers = Callers(Tokens(None), NO_LIMITS)
    steps = CallSteps(callers=callers, calls=ActiveCalls(), metrics=metrics, max_request_s=0)
    return CallInterceptor(steps, RequestDeserializer(Settings()), MessageReader(seconds=60))


def called(method: str) -> Any:
    """Create the call details that gRPC passes to an interceptor."""
    return SimpleNamespace(method=method, invocation_metadata=())


async def test_a_method_is_wrapped_once_and_unknown_methods_are_not_cached() -> None:
    async def answer(_request: object, _context: object) -> None: ...

    handler = grpc.unary_unary_rpc_method_handler(answer)
    asked: list[str] = []

    async def find(details: Any) -> Any:
        asked.append(details.method)
        return handler if details.method == "/other.Service/Known" else None

    interceptor = create_interceptor()
    known = called("/other.Service/Known")
    first = await interceptor.intercept_service(find, known)
    assert await interceptor.intercept_service(find, known) is first
    assert asked == [known.method]
    for _ in range(2):
        assert await interceptor.intercept_service(find, called("/other.Service/None")) is not None
    assert asked[1:] == ["/other.Service/None"] * 2


async def test_streams_with_messages_to_send_take_turns() -> None:
    interceptor, written = create_interceptor(), list[int]()

    async def responses(stream: int) -> AsyncGenerator[object, None]:
        for _ in range(20):
            yield stream

    async def write(stream: int) -> None:
        written.append(stream)

    context: Any = SimpleNamespace(
        write=write, peer=lambda: "ipv4:192.0.2.7:1", invocation_metadata=lambda: ()
    )
    writing = [interceptor._write(responses(stream), context) for stream in range(40)]
    tasks = [asyncio.create_task(each) for each in writing]
    for iterations in range(1, 100):
        await asyncio.sleep(0)
        assert len(written) <= iterations * TURNS_PER_ITERATION
    await asyncio.gather(*tasks)
    assert sorted(written) == sorted([*range(40)] * 20)
