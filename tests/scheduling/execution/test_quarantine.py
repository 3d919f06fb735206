"""Segments of batches that hung are run apart, and those at fault not again."""

from __future__ import annotations

from dataclasses import replace

import pytest

from summsvc.scheduling.execution import quarantine as module
from summsvc.scheduling.execution.quarantine import Suspects
from summsvc.scheduling.jobs import WorkItem
from tests.scheduling.reversing import OPTIONS, work


def items(*texts: str, beams: int = 1, target: str = "ru") -> tuple[WorkItem, ...]:
    asked = work(texts, options=replace(OPTIONS, beam_size=beams), target=target)
    return tuple(asked.item(i) for i in range(len(texts)))


def test_nothing_is_suspected_at_first() -> None:
    asked = items("a", "b", "c")
    assert Suspects().apart(asked) == [asked]
    assert not Suspects().at_fault(asked[0])


def test_those_of_a_batch_that_hung_are_run_one_by_one() -> None:
    made = Suspects()
    made.note(items("a", "b"))
    a, b, c, d = asked = items("a", "b", "c", "d", beams=4)
    apart = made.apart(asked)
    assert apart[0] == (c, d)
    assert sorted(map(id, (each[0] for each in apart[1:]))) == sorted(map(id, (a, b)))
    assert not made.at_fault(a)
    assert len(made.apart(items("a", "b", target="lt"))) == 1
    made.clear([a, b])
    assert made.apart(asked) == [asked]


def test_one_that_hung_alone_is_at_fault_whatever_its_options() -> None:
    made = Suspects()
    made.note(items("a"))
    (again,) = items("a", beams=5)
    assert made.at_fault(again)
    (other,) = items("a", target="lt")
    assert not made.at_fault(other)


def test_they_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    made = Suspects()
    made.note(items("a"))
    monkeypatch.setattr(module, "FORGET_S", -1.0)
    assert not made.at_fault(*items("a"))
    assert len(made.apart(items("a", "b"))) == 1


def test_no_more_are_kept_than_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST", 3)
    made = Suspects()
    for text in "abcd":
        made.note(items(text))
    assert [made.at_fault(*items(text)) for text in "abcd"] == [False, True, True, True]
