"""Segments of hung batches are isolated, and those that hung alone are refused."""

from __future__ import annotations

from dataclasses import replace

import pytest

from summsvc.scheduling.execution import quarantine as module
from summsvc.scheduling.execution.quarantine import Quarantine
from summsvc.scheduling.jobs import WorkItem
from tests.scheduling.reversing import OPTIONS, work


def items(*texts: str, beams: int = 1, target: str = "ru") -> tuple[WorkItem, ...]:
    asked = work(texts, options=replace(OPTIONS, beam_size=beams), target=target)
    return tuple(asked.item(i) for i in range(len(texts)))


def test_the_quarantine_is_empty_at_first() -> None:
    asked = items("a", "b", "c")
    assert Quarantine().isolate(asked) == [asked]
    assert not Quarantine().is_refused(asked[0])


def test_segments_of_a_hung_batch_are_isolated() -> None:
    made = Quarantine()
    made.add(items("a", "b"))
    a, b, c, d = asked = items("a", "b", "c", "d", beams=4)
    apart = made.isolate(asked)
    assert apart[0] == (c, d)
    assert sorted(map(id, (each[0] for each in apart[1:]))) == sorted(map(id, (a, b)))
    assert not made.is_refused(a)
    assert len(made.isolate(items("a", "b", target="lt"))) == 1
    made.remove([a, b])
    assert made.isolate(asked) == [asked]


def test_a_segment_that_hung_alone_is_refused_with_any_options() -> None:
    made = Quarantine()
    made.add(items("a"))
    (again,) = items("a", beams=5)
    assert made.is_refused(again)
    (other,) = items("a", target="lt")
    assert not made.is_refused(other)


def test_segments_leave_quarantine_after_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    made = Quarantine()
    made.add(items("a"))
    monkeypatch.setattr(module, "QUARANTINE_S", -1.0)
    assert not made.is_refused(*items("a"))
    assert len(made.isolate(items("a", "b"))) == 1


def test_the_quarantine_is_limited_in_size(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_QUARANTINED", 3)
    made = Quarantine()
    for text in "abcd":
        made.add(items(text))
    assert [made.is_refused(*items(text)) for text in "abcd"] == [False, True, True, True]
