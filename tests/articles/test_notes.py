"""Marks after the full stop of a sentence."""

from __future__ import annotations

import pytest

from summsvc.articles.notes import ends_sentence, reference_start
from summsvc.articles.reader import read
from summsvc.types import Article, MimeType, SegmentKind

AFTER_STOP = [
    "[1]",
    "[12][13]",
    " [3]",
    "[citation needed]",
    " ■",
    " →",
    " 😀",
    " ❤️",
    " (ats)",
    " (dpa, BNS)",
    " (РИА Волна)",
    " /ТАСС/",
    "/Agentūra/",
    "”",
    "»",
    "1",
    "²",
    " ***",
]


@pytest.mark.parametrize("mark", AFTER_STOP)
def test_sentence_ends_before_such_a_mark(mark: str) -> None:
    assert ends_sentence(f"The port opened again on Monday.{mark}")


@pytest.mark.parametrize(
    "text",
    [
        "The port of Harbour City",
        "Release 2.1",
        "A list of ships:",
        "He came in, then, as Mr. Roe, he said",
        "Photo (Agency)",
        "Port [1]",
        "",
    ],
)
def test_other_text_ends_no_sentence(text: str) -> None:
    assert not ends_sentence(text)


@pytest.mark.parametrize(
    ("text", "without"),
    [
        ("It burned down.[1]", "It burned down."),
        ("It burned down. [1] [2]", "It burned down."),
        ("“It burned down.”[4]", "“It burned down.”"),
        ("Built by two brothers.1", "Built by two brothers."),
        ("Built by two brothers.1,2", "Built by two brothers."),
        ("Built by two brothers.²", "Built by two brothers."),
        ("„Pastatė broliai.“3", "„Pastatė broliai.“"),
        ("It burned in 1911.2", "It burned in 1911."),
        ("It rose by 2.5", "It rose by 2.5"),
        ("It is 5 km²", "It is 5 km²"),
        ("The port [1]", "The port [1]"),
        ("It opened. (AP)", "It opened. (AP)"),
    ],
)
def test_references_are_no_part_of_a_sentence(text: str, without: str) -> None:
    assert text[: reference_start(text, is_followed=True)] == without


def test_decimals_at_the_end_of_a_text_are_no_reference() -> None:
    assert reference_start("It rose to 1911.2", is_followed=False) == 17


@pytest.mark.parametrize("mark", [each for each in AFTER_STOP if each != "1"])
@pytest.mark.parametrize("mime_type", [MimeType.PLAIN, MimeType.HTML])
def test_such_a_block_is_a_sentence_and_no_heading(mark: str, mime_type: MimeType) -> None:
    blocks = [f"The port opened again on Monday.{mark}", "A dog barked all day at the gate."]
    body = "\n\n".join(blocks if mime_type is MimeType.PLAIN else [f"<p>{b}</p>" for b in blocks])
    kinds = [segment.kind for segment in read(Article("", body, "en", mime_type)).body]
    assert kinds == [SegmentKind.SENTENCE] * 2


def test_note_numbers_of_a_page_stay_between_the_sentences() -> None:
    body = "<p>Built by two brothers.<sup>1</sup> It burned in 1911.<sup>2</sup> It stands.</p>"
    document = read(Article("", body, "en", MimeType.HTML))
    assert [segment.text for segment in document.body] == [
        "Built by two brothers.",
        "It burned in 1911.",
        "It stands.",
    ]
    assert document.body_separators == ("<p>", "<sup>1</sup> ", "<sup>2</sup> ", "</p>")
