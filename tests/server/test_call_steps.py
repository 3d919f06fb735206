"""Steps of a call: whatever its end, and whenever it is cancelled, it leaves nothing counted."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry

from summsvc.errors import EmptyArticleError
from summsvc.scheduling.fairness.callers import Caller, CallerLimits
from summsvc.server.call_steps import Call, CallSteps
from summsvc.server.runtime.active_calls import ActiveCalls
from summsvc.server.runtime.metrics import CallMetrics
from summsvc.server.security.tokens import Tokens
from summsvc.server.transport.callers import Callers

LIMIT = 3
ADDRESSES = ("192.0.2.1", "192.0.2.2")
ENDS = (None, EmptyArticleError("no text"), ValueError("a defect"))
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("start"), st.sampled_from(ADDRESSES)),
        st.tuples(st.sampled_from(["cancel", "end"]), st.integers(0, 20)),
        st.tuples(st.just("run"), st.integers(1, 3)),
    ),
    max_size=60,
)


class Aborted(Exception):
    """Stands for gRPC's exception."""


class OneCall:
    """A call whose method ends when it is told to."""

    def __init__(self, steps: CallSteps, address: str) -> None:
        self.end: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.task = asyncio.create_task(self._run(steps, address))

    async def _run(self, steps: CallSteps, address: str) -> None:
        async def abort(*_: object) -> None:
            await asyncio.sleep(0)
            raise Aborted

        context: Any = SimpleNamespace(
            peer=lambda: f"ipv4:{address}:1",
            invocation_metadata=lambda: (),
            set_trailing_metadata=lambda _: None,
            abort=abort,
        )
        async with Call(steps, "/summsvc.v1.ModelService/ListModels", None, context):
            await self.end


async def played(actions: list[tuple[str, Any]]) -> None:
    registry = CollectorRegistry()
    limits = CallerLimits(max_calls=LIMIT)
    steps = CallSteps(
        callers=Callers(Tokens(None), limits),
        calls=ActiveCalls(),
        metrics=CallMetrics(registry),
        max_request_s=0,
    )
    calls: list[OneCall] = []
    for action, value in actions:
        if action == "start":
            calls.append(OneCall(steps, value))
        elif action == "run":
            for _ in range(value):
                await asyncio.sleep(0)
        elif calls:
            call = calls[value % len(calls)]
            end = ENDS[value % len(ENDS)]
            if action == "cancel":
                call.task.cancel()
            elif not call.end.done():
                call.end.set_exception(end) if end else call.end.set_result(None)
        for address in ADDRESSES:
            assert steps.in_flight.of(Caller(f"ipv4:{address}", "")) <= LIMIT
    for call in calls:
        if not call.end.done():
            call.end.set_result(None)
    await asyncio.gather(*(call.task for call in calls), return_exceptions=True)
    assert not len(steps.in_flight)
    assert not len(steps.starts._places.waiters)
    for call in calls:
        if call.end.done() and not call.end.cancelled():
            call.end.exception()


@settings(deadline=None)
@given(STEPS)
def test_no_call_stays_counted(actions: list[tuple[str, Any]]) -> None:
    asyncio.run(played(actions))
