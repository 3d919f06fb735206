"""The fair order of callers while entries are added, removed and served."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from itertools import islice

from hypothesis import given
from hypothesis import strategies as st

from summsvc.scheduling.fairness.callers import Caller, FairOrder
from summsvc.scheduling.fairness.round_robin import RoundRobin, interleave

callers = st.builds(Caller, st.sampled_from("abc"), st.sampled_from("1234"))
entries = st.lists(st.tuples(callers, st.integers(0, 1000)), max_size=60)


def filled(asked: list[tuple[Caller, int]]) -> FairOrder[int]:
    order: FairOrder[int] = FairOrder()
    for entry, (caller, amount) in enumerate(asked):
        order.add(caller, entry, amount)
    return order


@given(entries)
def test_all_entries_are_served_and_those_of_one_caller_in_order(
    asked: list[tuple[Caller, int]],
) -> None:
    order = filled(asked)
    assert (len(order), order.total) == (len(asked), sum(amount for _, amount in asked))
    out = [order.pop() for _ in asked]
    assert sorted(each for each in out if each is not None) == list(range(len(asked)))
    for caller in {caller for caller, _ in asked}:
        own = [each for each in out if each is not None and asked[each][0] == caller]
        assert own == sorted(own)
    assert (order.pop(), order.next_caller(), len(order), order.total) == (None, None, 0, 0)


@given(entries)
def test_names_and_connections_of_a_name_are_served_equally(
    asked: list[tuple[Caller, int]],
) -> None:
    order = filled(asked)
    waiting = Counter(caller for caller, _ in asked)
    names: Counter[str] = Counter()
    served: Counter[Caller] = Counter()
    for entry in iter(order.pop, None):
        caller = asked[entry][0]
        served[caller] += 1
        names[caller.name] += 1
        left = {each for each in waiting if served[each] < waiting[each]}
        for other in left:
            assert names[other.name] >= names[caller.name] - 1
            if other.name == caller.name:
                assert served[other] >= served[caller] - 1


@given(st.lists(st.tuples(callers, st.sampled_from(["add", "pop", "remove"])), max_size=80))
def test_every_waiting_entry_is_served_within_a_bounded_number_of_turns(
    steps: list[tuple[Caller, str]],
) -> None:
    """New and returning callers do not change that."""
    order: FairOrder[int] = FairOrder()
    waiting: dict[int, Caller] = {}
    passed: Counter[Caller] = Counter()
    for number, (caller, step) in enumerate(steps):
        own = [entry for entry, each in waiting.items() if each == caller]
        if step == "add":
            order.add(caller, number, 1)
            waiting[number] = caller
        elif step == "remove" and own:
            order.remove(caller, own[-1])
            del waiting[own[-1]]
        elif (entry := order.pop()) is not None:
            served = waiting.pop(entry)
            passed.update(set(waiting.values()) - {served})
            passed[served] = 0
        for each in set(passed) - set(waiting.values()):
            del passed[each]
        # At most twice per caller: once in its turn, once when it returned before that.
        assert all(count <= 2 * 3 * 4 for count in passed.values())
    assert set(iter(order.pop, None)) == set(waiting)


@given(entries)
def test_in_turn_yields_all_entries_and_first_one_of_each_name(
    asked: list[tuple[Caller, int]],
) -> None:
    order = filled(asked)
    seen = list(order.in_turn(lambda _, own: iter(own)))
    assert sorted(seen) == list(range(len(asked)))
    names = {caller.name for caller, _ in asked}
    assert {asked[each][0].name for each in seen[: len(names)]} == names


def test_interleave_is_lazy() -> None:
    begun = []

    def source(number: int) -> Iterator[int]:
        begun.append(number)
        yield from (number, 10 + number)

    assert list(islice(interleave(map(source, range(9))), 3)) == [0, 1, 2]
    assert begun == [0, 1, 2]
    assert list(interleave(map(source, range(3)))) == [0, 1, 2, 10, 11, 12]


def test_a_returning_caller_does_not_wait_for_callers_served_since() -> None:
    order: FairOrder[str] = FairOrder()
    flood, small = Caller("a", "1"), Caller("a", "2")
    for i in range(9):
        order.add(flood, f"flood {i}", 1)
    order.add(small, "small 0", 1)
    assert [order.pop() for _ in range(3)] == ["flood 0", "small 0", "flood 1"]
    order.add(small, "small 1", 1)
    assert order.pop() == "small 1"
    # It was served last, so it waits for the other caller now.
    order.add(small, "small 2", 1)
    assert [order.pop() for _ in range(2)] == ["flood 2", "small 2"]


@given(st.lists(st.integers(0, 5000), max_size=40), st.integers(0, 5000), st.data())
def test_capped_totals_err_high_by_less_than_half(
    amounts: list[int], most: int, data: st.DataObject
) -> None:
    ring: RoundRobin[int] = RoundRobin()
    for key, amount in enumerate(amounts):
        ring.add(key, amount)
    for key in range(len(amounts)):
        if data.draw(st.booleans()):
            ring.add(key, 7)
            amounts[key] += 7
    but = data.draw(st.integers(0, 40))
    others = [amount for key, amount in enumerate(amounts) if key != but]
    exact = sum(min(amount, most) for amount in others)
    assert exact <= ring.capped_total(most, but) <= 1.5 * exact
    alike = [amount for amount in others if amount.bit_length() != most.bit_length()]
    if alike == others:
        assert ring.capped_total(most, but) == exact
    assert ring.total == sum(amounts)


def test_served_until_counts_equal_turns_of_other_callers() -> None:
    order: FairOrder[int] = FairOrder()
    for number, (name, connection, amount) in enumerate(
        [("a", "1", 1000), ("a", "2", 1000), ("a", "3", 1), ("b", "1", 5000), ("b", "2", 5000)]
    ):
        order.add(Caller(name, connection), number, amount)
    # 10 of its own, 10 and 1 of the other connections, and the same amount of the other name.
    assert order.served_until(Caller("a", "1"), 10) == 2 * (10 + 10 + 1)
    assert order.served_until(Caller("c", "1"), 10) == 3 * 10
    assert order.served_until(Caller("a", "3"), 0) == 0
