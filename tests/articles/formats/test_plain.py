"""Plain-text parser: hard-wrapped paragraphs, mail quotes, lists, verse, tables and addresses."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from summsvc.articles.document import Document
from summsvc.articles.reader import read
from summsvc.types import Article, SegmentKind
from tests.articles.rendering import render


def document_of(body: str, language: str = "en") -> Document:
    return read(Article("", body, language), keep_boilerplate=True)


def texts(body: str, language: str = "en") -> list[str]:
    return [segment.text for segment in document_of(body, language).body]


RAIN = [
    "Rain fell all week in the northern valley, ending the drought that had held since "
    "January and raising hopes for the wheat harvest, the farm office said in a report.",
    "The dry spring means that the harvest will be late this year and smaller than last "
    "year, it said. The reservoirs of Upper Roe and Lower Roe are not yet full.",
    "Mayor Poe thanked the farmers of the valley for their patience.",
]
SENTENCES = [sentence for each in RAIN for sentence in re.split(r"(?<=\.) ", each)]


def indented(width: int) -> str:
    return "\n".join(textwrap.fill(each, width, initial_indent="    ") for each in RAIN)


def separated(width: int) -> str:
    return "\n\n".join(textwrap.fill(each, width) for each in RAIN)


def quoted(width: int) -> str:
    return "\n".join(f"> {line}".rstrip() for line in separated(width).split("\n"))


def twice_quoted(width: int) -> str:
    return "\n".join(f">> {line}".rstrip() for line in separated(width).split("\n"))


def in_capitals(width: int) -> str:
    return separated(width).upper()


@pytest.mark.parametrize("width", [40, 48, 64, 72, 80, 110])
@pytest.mark.parametrize("layout", [indented, separated, quoted, twice_quoted, in_capitals])
def test_paragraphs_of_any_width_are_unwrapped(layout: Callable[[int], str], width: int) -> None:
    expected = [each.upper() if layout is in_capitals else each for each in SENTENCES]
    assert texts(layout(width)) == expected


@pytest.mark.parametrize("first", [8, 21, 40])
@pytest.mark.parametrize("feed", ["\n", "\r\n", "\r"])
def test_first_line_without_its_dateline_is_joined(first: int, feed: str) -> None:
    begin = textwrap.wrap(RAIN[0], first)[0]
    rest = textwrap.fill(RAIN[0].removeprefix(begin).lstrip(), 64)
    body = f"{begin}\n{rest}\n{indented(64).split('.', 1)[1].lstrip(chr(10))}"
    assert texts(body.replace("\n", feed)) == SENTENCES


def test_short_first_line_before_a_capital_is_joined_where_paragraphs_are_indented() -> None:
    body = (
        "Roe Shipping Co and its owner Ann\n"
        "Roe said that they plan to build a new harbour on the northern\n"
        "coast, which will open in May.\n"
        "    The harbour will have room for forty ships of any size, and it\n"
        "will cost 3 million euros."
    )
    assert texts(body)[0] == (
        "Roe Shipping Co and its owner Ann Roe said that they plan to build a new harbour on the "
        "northern coast, which will open in May."
    )


def test_headline_above_wrapped_text_stays_apart() -> None:
    assert texts(f"Rain ends drought in the valley\n{textwrap.fill(RAIN[0], 64)}") == [
        "Rain ends drought in the valley",
        RAIN[0],
    ]


@pytest.mark.parametrize(
    ("language", "body", "expected"),
    [
        (
            "en",
            "The meeting was moved by the council from Monday to Friday, May\n"
            "5. The mayor said that nobody had been told of it in time, and the\n"
            "vote failed.",
            2,
        ),
        (
            "lt",
            "„Uostas atidarytas pirmadienį po savaitės audrų, ir visi laivai“,\n"
            "– sakė meras Petraitis. Jis padėkojo komandoms už ilgas naktis, o\n"
            "12 laivų dar laukia.",
            2,
        ),
        (
            "ru",
            "«Порт открыт с понедельника после недели штормов, все суда в пути»,\n"
            "— сказала мэр Соколова. Она поблагодарила экипажи за ночи работы, и\n"
            "12 судов ещё ждут.",
            2,
        ),
        # A sentence has begun in the short line.
        (
            "en",
            "The port opened again on Monday after a week of storms, the harbour\n"
            "office said, although the pier is broken. Mayor\n"
            "Ann Roe thanked the crews for their patience.",
            2,
        ),
        (
            "en",
            "The ship left Riga on Tuesday with 40 containers of timber for the\n"
            "U.S. Navy, which had ordered them in the spring of last year, and\n"
            "(according to the harbour office) with a crew of twelve.",
            1,
        ),
    ],
)
def test_next_line_may_begin_with_any_character(language: str, body: str, expected: int) -> None:
    found = document_of(body, language)
    assert len(found.body) == expected
    assert {segment.paragraph for segment in found.body} == {0}


@pytest.mark.parametrize(
    "body",
    [
        # Verse.
        "The tide goes out, the boats lie still\nAnd gulls walk over the sand;\n"
        "The harbour bell rings from the hill\nTo call the men to land.",
        "i saw a bird\nthat flew above\nthe silent sea\nand cried for love.",
        "Вечером на пристани\nтихо шумит вода,\nлодки стоят у стенки,\nспят до утра суда.",
        # An address, a signature, a list of names.
        "Harbour Office\n12 Quay Street\nHarbour City\nHC4 2AB",
        "Best regards,\nAnn Roe\nHead of the Harbour Office",
        "apples from the north\npears from the south\nplums from the west",
        # Tables.
        "Ship           Port     Crew\nAnna           Riga       12\nPetra          Oslo        9",
        "Shr 34 cts vs 1.19 dlrs\nNet 807,000 vs 2,858,000\nRevs 7.2 mln vs 5.3 mln",
        "Harbour | 12\nRailway | 14",
        # Headlines, and one sentence to a line.
        "Port opens after storm in the north of the country\n"
        "Mayor thanks the crews of ships for their patience\n"
        "Repairs of the pier will cost three million or more",
        "The port opened on Monday.\nForty ships came in.\nNobody was hurt.",
    ],
)
@pytest.mark.parametrize("above", ["", f"{textwrap.fill(RAIN[0], 64)}\n\n"])
def test_lines_that_are_not_wrapped_stay_apart(body: str, above: str) -> None:
    shown = [re.sub(r"\s+", " ", line) for line in body.split("\n")]
    assert texts(above + body)[1 if above else 0 :] == shown


def test_lists_keep_their_items() -> None:
    body = (
        "The council decided on the following points at its meeting on the\n"
        "evening of Monday:\n"
        "- the pier will be repaired before the summer, as the harbour\n"
        "  office had asked for\n"
        "- the ferry will run again from the first day of May, although\n"
        "the crew is not complete\n"
        "1. the fees rise\n"
        "2. the fines fall"
    )
    assert texts(body) == [
        "The council decided on the following points at its meeting on the evening of Monday:",
        "the pier will be repaired before the summer, as the harbour office had asked for",
        "the ferry will run again from the first day of May, although the crew is not complete",
        "the fees rise",
        "the fines fall",
    ]


def test_quote_marks_are_layout() -> None:
    body = (
        "> The port of Harbour City opened on Monday after a week of storms, the\n"
        "> office said. Forty ships came in during the day.\n"
        "Is that so? I heard nothing.\n"
        "> > Yes.\n"
    )
    document = document_of(body)
    assert [segment.text for segment in document.body] == [
        "The port of Harbour City opened on Monday after a week of storms, the office said.",
        "Forty ships came in during the day.",
        "Is that so?",
        "I heard nothing.",
        "Yes.",
    ]
    assert document.body_separators == ("> ", " ", "\n", " ", "\n> > ", "\n")
    assert render(document, ["A.", "B.", "C?", "D.", "E."]).body == "> A. B.\nC? D.\n> > E.\n"


def test_translation_keeps_paragraphs_of_wrapped_text() -> None:
    document = document_of(separated(64))
    translated = render(document, [f"<{i}>" for i in range(len(document.body))]).body
    assert translated == "<0>\n\n<1> <2>\n\n<3>"


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (
            "The port opened.\fPage 2\nShips came in.",
            ["The port opened.", "Page 2", "Ships came in."],
        ),
        (
            "Rain fell all week in the valley and the\n\fdrought that had held is over.",
            ["Rain fell all week in the valley and the drought that had held is over."],
        ),
        ("One page.\n\fAnother page.\f", ["One page.", "Another page."]),
        ("One line.\vAnother line\vgoes on.", ["One line.", "Another line goes on."]),
    ],
)
def test_form_feed_and_vertical_tab_end_a_line(body: str, expected: list[str]) -> None:
    document = document_of(body)
    assert [segment.text for segment in document.body] == expected


def test_hyphen_of_a_divided_word_is_removed() -> None:
    body = (
        "The harbour office said on Monday that the new ferry of the har-\n"
        "bour will run from May on, and that the repairs of the long pi-\n"
        "er and of the low bridge will take all winter. The mayor, a well-\n"
        "known sailor, thanked the crews of the ferry and of all the bar-\n"
        "ges for their patience; but a fisherman said that the long win-\n"
        "ter had cost him two boats, and that nobody had asked him."
    )
    (first, second) = texts(body)
    for word in ("harbour", "pier", "barges", "winter"):
        assert re.search(rf"\b{word}\b", first + second)


@pytest.mark.parametrize(
    ("lines", "shown"),
    [
        ("and the well-\nknown ferry", "the well-known ferry"),
        ("and its free-\nmarket views; the free-market party", "its free-market views"),
        ("and the har-\nbour; the harbour office", "the harbour; the"),
        ("and that -\nsaid the mayor", "that - said the mayor"),
    ],
)
def test_hyphen_stays_without_evidence(lines: str, shown: str) -> None:
    (text,) = texts(f"The council met in the town hall on Monday {lines} of the town will go.")
    assert shown in text


def test_characters_that_are_not_seen_reach_no_segment() -> None:
    body = "\ufeffThe har\u00adbour open\u200bed.\u200b Ships\u2060 came.\u200b\n\n\u200bEnd.\u200d"
    document = document_of(body)
    assert [segment.text for segment in document.body] == [
        "The harbour opened.",
        "Ships came.",
        "End.",
    ]
    assert {segment.kind for segment in document.body} == {SegmentKind.SENTENCE}
    spans = [segment.span for segment in document.body]
    assert [body[span.start : span.end] for span in spans] == [
        "The har\u00adbour open\u200bed.",
        "Ships\u2060 came.",
        "End.",
    ]


@pytest.mark.parametrize("text", ["👩\u200d🚒 came.", "می\u200cخواهم.", "שלום\u200f."])
def test_joiners_stay_where_they_are_needed(text: str) -> None:
    assert texts(text) == [text]


PROSE = st.lists(
    st.sampled_from(
        [
            "The port of Harbour City opened on Monday after a week of storms.",
            "Forty ships came in during the day, and 12 more are expected by Friday.",
            "“We lost the pier,” said Mayor Ann Roe, who had been at sea herself.",
            "Repairs will cost about 3.5 million euros, according to the U.S. owner of the yard.",
            "Nobody knows yet who is going to pay for them, or when the ferry will run again.",
        ]
    ),
    min_size=4,
    max_size=9,
).map(" ".join)


@given(PROSE, st.integers(48, 120), st.sampled_from(["", "> ", "    "]))
def test_wrapping_changes_no_sentence(paragraph: str, width: int, margin: str) -> None:
    wrapped = textwrap.fill(
        paragraph, width, initial_indent=margin, subsequent_indent=margin, break_on_hyphens=False
    )
    assert texts(wrapped) == texts(paragraph)
