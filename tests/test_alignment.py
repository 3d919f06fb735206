"""Word alignments through joins, edits and a second translation."""

from __future__ import annotations

import pytest

from summsvc.alignment import (
    AlignedSpan,
    Alignment,
    Change,
    clipped,
    composed,
    edited,
    joined,
    merged,
    overlaps,
    shifted,
    targets_of,
)


def spans(*numbers: tuple[int, int, int, int]) -> Alignment:
    return tuple(AlignedSpan(*each) for each in numbers)


def test_shifted_moves_both_sides() -> None:
    assert shifted(spans((0, 2, 1, 4)), 3, 10) == spans((3, 5, 11, 14))


def test_clipped_ends_with_the_texts_and_leaves_out_what_is_beyond() -> None:
    alignment = spans((0, 3, 0, 5), (4, 9, 6, 9), (9, 10, 9, 10))
    assert clipped(alignment, 7, 8) == spans((0, 3, 0, 5), (4, 7, 6, 8))


def test_joined_has_the_offsets_of_the_whole_texts() -> None:
    pieces, parts = ["One two ", " three."], ["Vienas du ", "trys."]
    first, second = spans((0, 3, 0, 6), (4, 7, 7, 9)), spans((0, 5, 0, 4))
    whole = joined(pieces, parts, [first, second])
    source, target = "".join(pieces), "".join(parts)
    assert [
        (source[e.source_start : e.source_end], target[e.target_start : e.target_end])
        for e in whole
    ] == [("One", "Vienas"), ("two", "du"), ("three", "trys")]


def test_joined_leaves_out_a_stop_that_was_removed_at_a_join() -> None:
    assert joined(["One ", "two."], ["Vienas ", "du."], [spans((0, 3, 0, 7)), ()]) == spans(
        (0, 3, 0, 7)
    )
    assert joined(["a", "b"], ["c", "d"], [(), ()]) == ()


def test_composed_goes_through_the_text_between() -> None:
    # red car -> automobilis raudonas -> красная машина
    first = spans((4, 7, 0, 11), (0, 3, 12, 20))
    second = spans((12, 20, 0, 7), (0, 11, 8, 14))
    assert composed(first, second) == spans((0, 3, 0, 7), (4, 7, 8, 14))
    assert composed((), second) == composed(first, ()) == ()


def test_composed_has_a_span_for_each_overlap() -> None:
    first = spans((0, 1, 0, 4), (5, 6, 0, 4), (2, 3, 4, 8))
    assert composed(first, spans((0, 8, 0, 9))) == spans((0, 1, 0, 9), (2, 3, 0, 9), (5, 6, 0, 9))


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ([(0, 3, "abcd")], spans((0, 1, 0, 4), (1, 2, 5, 8))),
        ([(4, 7, "")], spans((0, 1, 0, 3))),
        ([(2, 5, "x")], spans((0, 1, 0, 3), (1, 2, 2, 5))),
        ([(3, 4, "  ")], spans((0, 1, 0, 3), (1, 2, 5, 8))),
        ([], spans((0, 1, 0, 3), (1, 2, 4, 7))),
    ],
)
def test_edited_follows_the_text(changes: list[Change], expected: Alignment) -> None:
    assert edited(spans((0, 1, 0, 3), (1, 2, 4, 7)), changes) == expected


def test_targets_of_ranges_are_in_order_and_apart() -> None:
    alignment = spans((6, 9, 0, 4), (0, 5, 5, 8), (3, 5, 8, 9), (10, 12, 2, 6))
    assert targets_of([(0, 4), (5, 6), (6, 12)], alignment) == [[(5, 9)], [], [(0, 6)]]


def test_ranges_that_touch_are_merged_and_do_not_overlap_their_neighbours() -> None:
    ranges = merged([(5, 7), (0, 2), (2, 4)])
    assert ranges == [(0, 4), (5, 7)]
    assert not overlaps(ranges, 4, 5)
    assert overlaps(ranges, 3, 5)
    assert not overlaps(ranges, 7, 9)
    assert not overlaps([], 0, 9)
