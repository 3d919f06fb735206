"""Markdown parser: visible text, block boundaries and opaque content."""

from __future__ import annotations

import pytest

from summsvc.articles import segmentation
from summsvc.articles.document import Document
from summsvc.articles.reader import read
from summsvc.types import Article, MimeType, WarningType
from tests.articles.invariants import assert_complete, assert_in_order_and_clean
from tests.articles.rendering import render


def markdown(body: str) -> Document:
    return read(Article("", body, "en", MimeType.MARKDOWN), keep_boilerplate=True)


def shown(body: str) -> list[str]:
    return [segment.text for segment in markdown(body).body]


def upper(body: str) -> str:
    document = markdown(body)
    return render(document, [segment.text.upper() for segment in document.segments]).body


def test_a_mark_between_two_parts_of_a_sentence_belongs_to_one_of_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(segmentation, "MAX_SENTENCE_CODE_POINTS", 25)
    document = markdown("A sentence that ends *here*and*there*")
    assert_in_order_and_clean(document)
    assert_complete(document)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("# Head #\nText\nwrapped. More.", ["Head", "Text wrapped.", "More."]),
        ("Head\n====\n\nSub\n---\nText.", ["Head", "Sub", "Text."]),
        ("- one\n* two\n+ three\n1. four\n2) five", ["one", "two", "three", "four", "five"]),
        ("- [x] done\n- [ ] to do", ["done", "to do"]),
        (
            "- one\n  goes on.\n\n  New paragraph.\n\n    And more.",
            ["one goes on.", "New paragraph.", "And more."],
        ),
        ("> A quote\n> goes on.\n>\n> > Nested.", ["A quote goes on.", "Nested."]),
        ("| a | b |\n|---|:-:|\n| c d | e \\| f |", ["a", "b", "c d", "e | f"]),
        ("a | b\n--|--\nc | d\n\ne | f", ["a", "b", "c", "d", "e | f"]),
        ("Some **bold**, *it* _and_ ~~gone~~ text.", ["Some bold, it and gone text."]),
        ("A [link *here*](http://x.y/a_(b) 'T') ends.", ["A link here ends."]),
        ("A [link\nover lines](x) ends.", ["A link over lines ends."]),
        ("A [ref][r], [r] and [no] end.\n\n[r]: http://x.y", ["A ref, r and [no] end."]),
        ("![An image](x.png) here. [![Alt](a)](b) too.", ["An image here.", "Alt too."]),
        ("See [1] and array[0].", ["See [1] and array[0]."]),
        ("A note[^1] here.\n\n[^1]: The note's text.", ["A note here.", "The note's text."]),
        (
            "Escaped \\*stars\\* and 2 * 3 = 6, snake_case_name.",
            ["Escaped *stars* and 2 * 3 = 6, snake_case_name."],
        ),
        ("Fish &amp; chips &copy; AT&T", ["Fish & chips © AT&T"]),
        ("One  \ntwo\\\nThree.", ["One two", "Three."]),
        ("One<br>two", ["One two"]),
        ("See <http://x.y> or <a@b.lt> now.", ["See http://x.y or a@b.lt now."]),
        ("An <b>inline</b> tag.", ["An inline tag."]),
        ("Text\n***\nText", ["Text", "Text"]),
        ("---\ntitle: x\n---\nText", ["Text"]),
        ("A lone `tick and a ``b", ["A lone `tick and a ``b"]),
        ("Term\n: Meaning of it\n: Another\n  one", ["Term", "Meaning of it", "Another one"]),
        ("A smile\n:smile: goes on.", ["A smile :smile: goes on."]),
        ("<p>One</p><p>Two.</p>", ["One", "Two."]),
        ("<table><tr><td>A team</td><td>Points</td></tr></table>", ["A team", "Points"]),
        ("<h2>A head</h2><ul><li>one</li><li>two</li></ul>", ["A head", "one", "two"]),
        ("- one <div>and *more*</div>", ["one", "and more"]),
        ("<details><summary>More</summary>It is *long*.</details>", ["More", "It is long."]),
        (":::note\nA hint. More.\n:::\nEnd.", ["A hint.", "More.", "End."]),
    ],
)
def test_visible_text(body: str, expected: list[str]) -> None:
    assert shown(body) == expected


@pytest.mark.parametrize(
    "opaque",
    [
        "```py\nx = 1. # Not\n\ny\n```",
        "~~~~\n~~~\n~~~~",
        "    indented code\n\n    goes on",
        "<script>\nlet x. Y\n\n</script>",
        "<!-- a\n\ncomment -->",
        "***",
        "[ref]: http://x.y 'Title here'",
        "|---|---|",
    ],
)
def test_opaque_blocks_are_kept(opaque: str) -> None:
    body = f"Before.\n\n{opaque}\n\nAfter.\n"
    assert shown(body) == ["Before.", "After."]
    assert upper(body) == f"BEFORE.\n\n{opaque}\n\nAFTER.\n"


@pytest.mark.parametrize(
    "opaque",
    [
        "[^1]",
        "<!-- c -->",
        "<sup>[1]</sup>",
    ],
)
def test_opaque_inline_content_is_kept(opaque: str) -> None:
    assert upper(f"Before {opaque} after.") == f"BEFORE {opaque} AFTER."


@pytest.mark.parametrize(
    ("element", "text"),
    [
        ("`a. B`", "a. B"),
        ("``a ` b``", "a ` b"),
        ("<http://x.y/a_b>", "http://x.y/a_b"),
        ("<press@x.lt>", "press@x.lt"),
        ("<code>x</code>", "x"),
        ('<span translate="no">Brand</span>', "Brand"),
        ('<b class="notranslate">The Brand</b>', "The Brand"),
    ],
)
def test_kept_elements_are_text_of_their_sentence_and_stay_as_written(
    element: str, text: str
) -> None:
    (segment,) = markdown(f"Before {element} after.").body
    assert segment.text == f"Before {text} after."
    assert [segment.text[start:end] for start, end in segment.kept] == [text]
    assert upper(f"Before {element} after.") == f"BEFORE {element} AFTER."


def test_quotations_have_quotation_marks() -> None:
    assert shown("She said <q>no</q>.") == ["She said “no”."]
    assert upper("She said <q>no</q>.") == "SHE SAID <q>NO</q>."


def test_numbers_of_notes_are_no_text() -> None:
    assert shown("He came.<sup>1</sup> He left 5 km<sup>2</sup>.") == ["He came.", "He left 5 km2."]
    assert shown("Some 10<sup>6</sup> came.") == ["Some 10^6 came."]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (
            "![A bridge in fog](a.jpg)\n*The bridge opens today.*\n\nText.",
            ["A bridge in fog", "The bridge opens today.", "Text."],
        ),
        ("Text goes\n![A bridge](a.jpg)\non here.", ["Text goes", "A bridge", "on here."]),
        ("[![A bridge](a.jpg)](b)\nText.", ["A bridge", "Text."]),
        ("See ![a bridge](a.jpg) here.", ["See a bridge here."]),
    ],
)
def test_the_description_of_an_image_is_apart_from_its_caption(
    body: str, expected: list[str]
) -> None:
    assert shown(body) == expected
    assert upper(body).count("](a.jpg)") == 1


@pytest.mark.parametrize(
    "code",
    ["```py\nx = 1\n```", "    x = 1\n\n    y = 2", "<pre>\nx = {1};\n</pre>"],
)
def test_code_is_left_out_with_a_warning(code: str) -> None:
    document = markdown(f"Before.\n\n{code}\n\nAfter.")
    assert [segment.text for segment in document.body] == ["Before.", "After."]
    (warning,) = document.warnings
    assert warning.type is WarningType.CODE_REMOVED
    assert warning.span is not None
    assert "x = " in document.article.body[warning.span.start : warning.span.end]


def test_preformatted_prose_is_read() -> None:
    body = "# News\n\n<pre>\nThe ferry sank on Tuesday. Ten people\nswam ashore.\n</pre>\n\nEnd."
    assert shown(body) == ["News", "The ferry sank on Tuesday.", "Ten people swam ashore.", "End."]
    assert (
        upper(body)
        == "# NEWS\n\n<pre>\nTHE FERRY SANK ON TUESDAY. TEN PEOPLE SWAM ASHORE.\n</pre>\n\nEND."
    )


def test_unclosed_fence_extends_to_the_end() -> None:
    assert shown("Text.\n\n```\nx. Y\n\nz") == ["Text."]


@pytest.mark.parametrize(
    "unit",
    [
        "[",
        "![",
        "](",
        "[a](",
        "`",
        "``a`",
        "*",
        "_",
        "**a** ",
        "<!--a-->",
        "<!-",
        "<!--",
        "\\",
        "~~",
        "|",
        "|-",
        "> ",
        "- ",
        "#",
        "1. ",
        "\n",
        "  ",
        "  \n",
        "= ",
        "---\n",
        "```\n",
        "    a\n",
        "[a]: b\n",
        "a|b\n",
        "<a ",
        "`a ``b ```c ",
        "[^",
        "<a:",
        "&",
        "[[a]",
        "(((",
    ],
)
def test_long_malformed_input_takes_linear_time(unit: str) -> None:
    # With quadratic time, this test would exceed the suite's time limit.
    assert shown("Start.\n\n" + unit * (100_000 // len(unit)))[0] == "Start."


@pytest.mark.parametrize("between", ["```\ncode\n```", "---", "<!-- c -->", "[r]: http://x.y"])
def test_code_after_a_finished_list_is_opaque(between: str) -> None:
    body = f"- one\n\n{between}\n\n    some code. Here"
    assert upper(body) == body.replace("one", "ONE")


def test_definition_lists_and_containers_keep_their_lines() -> None:
    body = "Term\n: Meaning of it\n\n:::note\nA hint.\n:::\n"
    assert upper(body) == "TERM\n: MEANING OF IT\n\n:::note\nA HINT.\n:::\n"
