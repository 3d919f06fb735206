"""Whose work may wait when others have filled the queue."""

from __future__ import annotations

from collections.abc import Iterable

from hypothesis import given
from hypothesis import strategies as st

from summsvc.scheduling.admission.shares import BURST_FACTOR, Backlog
from summsvc.scheduling.fairness.callers import Caller

LIMIT = 100
callers = st.builds(Caller, st.sampled_from("abcd"), st.sampled_from("1234"))


def let_in(held: Backlog, caller: Caller) -> bool:
    """Whether one more request of a caller may wait; it does then."""
    lacking = held.share(caller).excess(LIMIT, held.requests, 1, tokens=False)
    if lacking <= 0:
        held.change(caller, requests=1, tokens=1)
    return lacking <= 0


def flood(held: Backlog, callers: Iterable[Caller]) -> None:
    for caller in callers:
        while let_in(held, caller):
            pass


def test_one_caller_alone_has_the_whole_limit() -> None:
    held = Backlog()
    flood(held, [Caller("a", "1")])
    assert held.requests == LIMIT


def test_another_connection_and_another_name_have_their_share_though_the_queue_is_full() -> None:
    for other in (Caller("a", "2"), Caller("b", "1")):
        held = Backlog()
        flood(held, [Caller("a", "1"), other])
        assert held.share(other).own[0] == LIMIT // 2
        assert not let_in(held, Caller("a", "1"))


def test_many_connections_of_a_name_do_not_take_the_share_of_another_name() -> None:
    held = Backlog()
    connections = 20
    flood(held, [Caller("a", str(i)) for i in range(connections)])
    flood(held, [Caller("b", "1")])
    # Each of those connections may have one request in any case.
    assert LIMIT // 2 - connections <= held.share(Caller("b", "1")).own[0] <= LIMIT // 2


@given(st.lists(callers, max_size=12), callers)
def test_who_has_nothing_waiting_is_let_in_and_all_together_stay_within_the_bound(
    floods: list[Caller], last: Caller
) -> None:
    held = Backlog()
    flood(held, floods)
    if last not in floods:
        assert let_in(held, last)
    assert held.requests <= BURST_FACTOR * LIMIT + len({*floods, last})


def test_whoever_is_below_the_share_again_is_let_in_again() -> None:
    held = Backlog()
    first, second = Caller("a", "1"), Caller("b", "1")
    flood(held, [first, second])
    held.change(first, requests=-LIMIT // 2 - 1, tokens=-LIMIT // 2 - 1)
    assert let_in(held, first)


def test_tokens_are_shared_as_requests_are() -> None:
    held = Backlog()
    held.change(Caller("a", "1"), requests=1, tokens=LIMIT)
    share = held.share(Caller("b", "1"))
    assert share.excess(LIMIT, held.tokens, LIMIT // 2, tokens=True) == 0
    assert share.excess(LIMIT, held.tokens, LIMIT // 2 + 7, tokens=True) == 7


@given(st.lists(st.tuples(callers, st.integers(0, 3), st.integers(0, 9)), max_size=40))
def test_what_is_held_is_counted_and_who_holds_nothing_forgotten(
    changes: list[tuple[Caller, int, int]],
) -> None:
    held = Backlog()
    for caller, requests, tokens in changes:
        held.change(caller, requests=requests, tokens=tokens)
    for caller, _, _ in changes:
        own = [each for each in changes if each[0] == caller]
        expected = sum(each[1] for each in own), sum(each[2] for each in own)
        assert held.share(caller).own == expected
    waiting = {each[0] for each in changes if each[1] or each[2]}
    assert held.share(Caller("x", "1")).names == 1 + len({each.name for each in waiting})
    for caller, requests, tokens in changes:
        held.change(caller, requests=-requests, tokens=-tokens)
    assert not held._names
    assert not held._connections
