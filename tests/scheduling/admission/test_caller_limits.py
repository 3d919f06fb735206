"""Limits of a caller's name: calls in flight, and tokens that wait for a model."""

from __future__ import annotations

import dataclasses
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry

from summsvc.errors import CallerLimitError
from summsvc.scheduling.admission.caller_limits import CallsInFlight, require_queued_tokens
from summsvc.scheduling.fairness.callers import Caller, CallerLimits
from tests.scheduling.reversing import ReversingEngine, expected, outputs, running, sample, work

LIMIT = 3
NAMED = [
    Caller(name, connection, CallerLimits(max_calls=LIMIT), name)
    for name in "ab"
    for connection in "12"
]


@given(st.lists(st.tuples(st.sampled_from(NAMED), st.booleans())))
def test_calls_in_flight_never_exceed_the_limit_of_a_name_and_end_at_none(
    steps: list[tuple[Caller, bool]],
) -> None:
    calls = CallsInFlight()
    begun: list[Caller] = []
    for caller, start in steps:
        same = [each for each in begun if each.name == caller.name]
        if not start:
            if same:
                begun.remove(same[0])
                calls.end(same[0])
        elif len(same) < LIMIT:
            calls.start(caller)
            begun.append(caller)
        else:
            with pytest.raises(CallerLimitError):
                calls.start(caller)
        names = Counter(each.name for each in begun)
        assert all(calls.of(each) == names[each.name] for each in NAMED)
        assert len(calls) == len(names)
    for caller in begun:
        calls.end(caller)
    assert not len(calls)


def test_the_lowered_limit_of_a_caller_applies_to_its_next_call() -> None:
    calls = CallsInFlight()
    for _ in range(LIMIT):
        calls.start(NAMED[0])
    lower = dataclasses.replace(NAMED[0], limits=CallerLimits(max_calls=1))
    for _ in range(LIMIT - 1):
        calls.end(NAMED[0])
        with pytest.raises(CallerLimitError, match="its limit is 1"):
            calls.start(lower)
    calls.end(NAMED[0])
    calls.start(lower)


@pytest.mark.parametrize(
    ("waiting", "more", "rate", "retry_after"),
    [
        (0, 500, 10.0, None),
        (60, 40, 10.0, None),
        (200, 0, 10.0, None),
        (60, 60, 10.0, 2.0),
        (60, 60, None, 1.0),
        (60, 1000, 10.0, 6.0),
        (100, 1, 1e6, 0.05),
    ],
)
def test_queued_tokens(
    waiting: int, more: int, rate: float | None, retry_after: float | None
) -> None:
    caller = Caller("newsroom", "1", CallerLimits(max_queued_tokens=100))
    require_queued_tokens(Caller("other", "1"), waiting, more, rate)
    if retry_after is None:
        require_queued_tokens(caller, waiting, more, rate)
        return
    with pytest.raises(CallerLimitError) as refused:
        require_queued_tokens(caller, waiting, more, rate)
    assert refused.value.retry_after == retry_after
    assert refused.value.metadata == {
        "limit_of": "caller",
        "caller": "newsroom",
        "limit_name": "max_queued_tokens",
        "limit": "100",
    }


async def test_a_scheduler_refuses_the_tokens_of_one_name_and_not_of_another(
    engine: ReversingEngine,
) -> None:
    registry = CollectorRegistry()
    limits = CallerLimits(max_queued_tokens=6)
    one, same, other = (Caller(name, peer, limits, name) for name, peer in ("a1", "a2", "b1"))
    async with running(engine, registry=registry) as made:
        engine.hold()
        handles = [made.submit(dataclasses.replace(work(["w x"]), caller=other))]
        await engine.begun()
        handles.append(made.submit(dataclasses.replace(work(["a b", "c d"]), caller=one)))
        with pytest.raises(CallerLimitError, match="4 tokens of caller 'a' wait"):
            made.submit(dataclasses.replace(work(["e f g"]), caller=same))
        more = dataclasses.replace(work(["r s t"]), caller=same, continues=True)
        handles.append(made.submit(more))
        # An article above the limit is admitted when nothing of its caller waits.
        handles.append(made.submit(dataclasses.replace(work(["m n o p q r s t"]), caller=other)))
        engine.release()
        for handle in handles:
            assert await outputs(handle) == expected(handle.job)
        handles = [made.submit(dataclasses.replace(work(["e f g"]), caller=same))]
        assert await outputs(handles[0]) == expected(handles[0].job)
    assert sample(registry, "refused_requests_total", reason="CALLER_LIMIT") == 1
    counted = {
        name: registry.get_sample_value("summsvc_caller_tokens_total", {"caller": name})
        for name in "ab"
    }
    assert counted == {"a": 10, "b": 10}
