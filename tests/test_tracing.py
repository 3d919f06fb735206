"""Spans that record nothing, and spans of work that requests share."""

from __future__ import annotations

from summsvc.tracing import NO_SPAN, Span, Tracer, current, set_current, start_shared


class Recorded(Span):
    """Records its name, parent and links."""

    def __init__(self, name: str, parent: Recorded | None = None) -> None:
        self.name, self.parent = name, parent
        self.links: list[Span] = []
        self.attributes: dict[str, str | float] = {}

    @property
    def recording(self) -> bool:
        return True

    def child(self, name: str, /, **attributes: str | float) -> Recorded:
        made = Recorded(name, self)
        made.attributes = attributes
        return made

    def link(self, other: Span, /) -> None:
        self.links.append(other)


async def test_without_tracing_nothing_is_recorded_and_no_metadata_read() -> None:
    def metadata() -> None:
        raise AssertionError

    tracer = Tracer()
    span = tracer.start_call("/a.B/C", metadata)
    assert span is NO_SPAN is current()
    assert not span.recording
    assert span.exemplar is None
    with span.child("step", size=1) as below:
        assert below is NO_SPAN
        below.set(size=2)
        below.link(span)
    span.end_call("OK", "")
    await tracer.close(1)


def test_the_current_span_is_that_of_the_task() -> None:
    span = Recorded("call")
    set_current(span)
    try:
        assert current() is span
    finally:
        set_current(NO_SPAN)


def test_shared_work_is_below_the_first_recorded_span_and_linked_with_all() -> None:
    first, second = Recorded("first"), Recorded("second")
    shared = start_shared("batch", [NO_SPAN, first, second], tokens=3)
    assert isinstance(shared, Recorded)
    assert (shared.name, shared.parent) == ("batch", first)
    assert shared.attributes == {"requests": 2, "tokens": 3}
    assert shared.links == [first, second]
    assert (first.links, second.links) == ([], [shared])
    assert start_shared("batch", [NO_SPAN]) is NO_SPAN
