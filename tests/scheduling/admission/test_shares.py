"""Shares of a queue limit when other callers have filled the queue."""

from __future__ import annotations

from collections.abc import Iterable

from hypothesis import given
from hypothesis import strategies as st

from summsvc.scheduling.admission.shares import BURST_FACTOR, Backlog
from summsvc.scheduling.fairness.callers import Caller

LIMIT = 100
callers = st.builds(Caller, st.sampled_from("abcd"), st.sampled_from("1234"))


def admit(backlog: Backlog, caller: Caller) -> bool:
    """Add one more request of a caller if it may wait. Returns whether it may."""
    excess = backlog.share(caller).excess(LIMIT, backlog.requests, 1, tokens=False)
    if excess <= 0:
        backlog.change(caller, requests=1, tokens=1)
    return excess <= 0


def flood(backlog: Backlog, callers: Iterable[Caller]) -> None:
    for caller in callers:
        while admit(backlog, caller):
            pass


def test_one_caller_alone_has_the_whole_limit() -> None:
    backlog = Backlog()
    flood(backlog, [Caller("a", "1")])
    assert backlog.requests == LIMIT


def test_other_connections_and_names_get_their_share_of_a_full_queue() -> None:
    for other in (Caller("a", "2"), Caller("b", "1")):
        backlog = Backlog()
        flood(backlog, [Caller("a", "1"), other])
        assert backlog.share(other).own[0] == LIMIT // 2
        assert not admit(backlog, Caller("a", "1"))


def test_connections_of_one_name_do_not_use_the_share_of_another_name() -> None:
    backlog = Backlog()
    connections = 20
    flood(backlog, [Caller("a", str(i)) for i in range(connections)])
    flood(backlog, [Caller("b", "1")])
    # Each of those connections may always have one request.
    assert LIMIT // 2 - connections <= backlog.share(Caller("b", "1")).own[0] <= LIMIT // 2


@given(st.lists(callers, max_size=12), callers)
def test_a_caller_without_backlog_is_admitted_and_the_burst_limit_holds(
    floods: list[Caller], last: Caller
) -> None:
    backlog = Backlog()
    flood(backlog, floods)
    if last not in floods:
        assert admit(backlog, last)
    assert backlog.requests <= BURST_FACTOR * LIMIT + len({*floods, last})


def test_a_caller_below_its_share_again_is_admitted_again() -> None:
    backlog = Backlog()
    first, second = Caller("a", "1"), Caller("b", "1")
    flood(backlog, [first, second])
    backlog.change(first, requests=-LIMIT // 2 - 1, tokens=-LIMIT // 2 - 1)
    assert admit(backlog, first)


def test_tokens_are_shared_like_requests() -> None:
    backlog = Backlog()
    backlog.change(Caller("a", "1"), requests=1, tokens=LIMIT)
    share = backlog.share(Caller("b", "1"))
    assert share.excess(LIMIT, backlog.tokens, LIMIT // 2, tokens=True) == 0
    assert share.excess(LIMIT, backlog.tokens, LIMIT // 2 + 7, tokens=True) == 7


@given(st.lists(st.tuples(callers, st.integers(0, 3), st.integers(0, 9)), max_size=40))
def test_the_backlog_is_counted_and_callers_without_one_are_forgotten(
    changes: list[tuple[Caller, int, int]],
) -> None:
    backlog = Backlog()
    for caller, requests, tokens in changes:
        backlog.change(caller, requests=requests, tokens=tokens)
    for caller, _, _ in changes:
        own = [each for each in changes if each[0] == caller]
        expected = sum(each[1] for each in own), sum(each[2] for each in own)
        assert backlog.share(caller).own == expected
    waiting = {each[0] for each in changes if each[1] or each[2]}
    assert backlog.share(Caller("x", "1")).names == 1 + len({each.name for each in waiting})
    for caller, requests, tokens in changes:
        backlog.change(caller, requests=-requests, tokens=-tokens)
    assert not backlog._names
    assert not backlog._connections
