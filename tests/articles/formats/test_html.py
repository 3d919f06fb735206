"""HTML parser: visible text, block boundaries and opaque elements."""

from __future__ import annotations

import pytest

from summsvc.articles.document import Document
from summsvc.articles.reader import read
from summsvc.types import Article, MimeType
from tests.articles.rendering import render


def html(body: str) -> Document:
    return read(Article("", body, "en", MimeType.HTML), keep_boilerplate=True)


def shown(body: str) -> list[str]:
    return [segment.text for segment in html(body).body]


def upper(body: str) -> str:
    document = html(body)
    return render(document, [segment.text.upper() for segment in document.segments]).body


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("<p>One.</p><p>Two.</p>", ["One.", "Two."]),
        ("<p>One</P ><DIV class=x>Two</div>Three", ["One", "Two", "Three"]),
        ("<p>An <b>inline</b> <a href='x'>tag. And</a> more.</p>", ["An inline tag.", "And more."]),
        ("<ul><li>Milk<li>Eggs</ul>", ["Milk", "Eggs"]),
        ("<table><tr><th>A<td>B</table>", ["A", "B"]),
        ("<p>Tom &amp; Ann &lt;3 &#8364;5 &eacute; &nbsp;x</p>", ["Tom & Ann <3 €5 é x"]),
        ("AT&T and R&D", ["AT&T and R&D"]),
        ("<p>a < b and c > d</p>", ["a < b and c > d"]),
        ("One<br>goes on.", ["One goes on."]),
        ("First line<br/>Second line", ["First line", "Second line"]),
        ("One<br><br>two", ["One", "two"]),
        ("One.<br>Two.", ["One.", "Two."]),
        ("One\ntwo\r\n\tthree.", ["One two three."]),
        ("<p>An <!-- <p>hidden</p> --> aside.</p>", ["An aside."]),
        ("Yes<!-->No", ["YesNo"]),
        ("<!doctype html><?xml version='1.0'?><p>Text</p>", ["Text"]),
        ("<![CDATA[x]]>Text", ["Text"]),
        ("<a title='x > y' data-z=\"<b>\">Text</a>", ["Text"]),
        ("<h1>Head</h1>Text.", ["Head", "Text."]),
    ],
)
def test_visible_text(body: str, expected: list[str]) -> None:
    assert shown(body) == expected


@pytest.mark.parametrize(
    "opaque",
    [
        "<script>if (a < b) { 'x</p>' }</script>",
        "<SCRIPT type=x>a</SCRIPT >",
        "<style>p > b {}</style>",
        "<pre>Code. Here</pre>",
        "<code>a &lt; b</code>",
        "<code>a <code>b</code> c</code>",
        '<span translate="no">Brand Name</span>',
        "<b translate=no>Brand <i>Name</i></b>",
        '<div class="a notranslate b"><div>x</div>y</div>',
        "<textarea>x <b></textarea>",
        "<noscript>on</noscript>",
        "<svg><text>x</text></svg>",
    ],
)
def test_opaque_content_is_kept(opaque: str) -> None:
    assert shown(f"<p>Before.</p>{opaque}<p>After.</p>") == ["Before.", "After."]
    assert opaque in upper(f"<p>Before {opaque} after.</p>")


def test_opaque_inline_elements_keep_position_and_spaces() -> None:
    body = "<p>Use <code>x.y</code> to run <b>it</b> now.</p>"
    assert upper(body) == "<p>USE <code>x.y</code> TO RUN <b>IT</b> NOW.</p>"


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("One <code>two three.", ["One two three."]),
        ("<p translate=no>One<p>Two", ["Two"]),
        ("<code>One <code>two</code> three", ["One three"]),
        ("<script>var x = 'One", []),
        ("One</b></p></i> two", ["One", "two"]),
        ("<p>One <b>two <i>three</b> four</i>.", ["One two three four."]),
        ('<p>One <a href="x>two</a> three', ["One two three"]),
        ("One <", ["One <"]),
        ("One <b", ["One <b"]),
        ("One <!-- two", ["One"]),
        ("One <!two", ["One <!two"]),
        ("One </ > two", ["One two"]),
        ("&#xD800; &#0; One &bogus; &#99999999;", ["\ufffd \ufffd One &bogus; �"]),
        ('<html translate="no"><body>One.</body></html>', ["One."]),
    ],
)
def test_malformed_html_is_parsed_with_recovery(body: str, expected: list[str]) -> None:
    assert shown(f"<p>Start.</p>{body}")[1:] == expected


def test_block_kinds() -> None:
    body = (
        "<title>Page</title><h2>One. Two.</h2><p>Three.</p><ul><li>Four</ul><p>Five</p><p>Six.</p>"
    )
    assert [segment.kind.name for segment in html(body).body] == [
        "HEADING",
        "HEADING",
        "HEADING",
        "SENTENCE",
        "FRAGMENT",
        "FRAGMENT",
        "SENTENCE",
    ]


def test_spans_include_inner_markup() -> None:
    body = "<p><b>One &amp; <i>two</i>.</b> Three.</p>"
    assert [body[s.span.start : s.span.end] for s in html(body).body] == [
        "One &amp; <i>two</i>.",
        "Three.",
    ]


@pytest.mark.parametrize(
    "unit",
    [
        "<a ",
        "<!--",
        "<![",
        "<",
        "&",
        "<a b='",
        "</",
        "<!",
        '<a b="c ',
        "<script>",
        "<code>",
        "<p translate=no>",
        '<a =">" ',
        "<br>a",
        "<li>",
        "</li>",
        "<b>x",
        "<b> ",
        "&#",
        "<x a=b>",
        "<a b=\">'",
        "<code>x</code> ",
        "<title>",
    ],
)
@pytest.mark.parametrize("tail", ["", ">", '">'])
def test_long_malformed_input_takes_linear_time(unit: str, tail: str) -> None:
    # With quadratic time, this test would exceed the suite's time limit.
    body = "<p>Start.</p>" + unit * (150_000 // len(unit)) + tail
    assert html(body).body[0].text.startswith("Start.")


@pytest.mark.parametrize(
    "unseen",
    [
        "<p style='display:none'>An error of the template.</p>",
        "<div hidden><p>Your trial has ended.</p></div>",
        "<div role=dialog aria-modal=true><p>We value your privacy.</p></div>",
        "<video><p>Your browser cannot show this video.</p></video>",
        "<object data=x><p>Please install a plug-in.</p></object>",
        "<canvas>A chart of prices.</canvas>",
    ],
)
def test_what_a_page_does_not_show_is_not_read(unseen: str) -> None:
    body = f"<p>The port opened.</p>{unseen}<p>Ships came in.</p>"
    assert shown(body) == ["The port opened.", "Ships came in."]
    assert upper(body) == f"<p>THE PORT OPENED.</p>{unseen}<p>SHIPS CAME IN.</p>"


def test_a_label_for_screen_readers_does_not_split_its_sentence() -> None:
    body = "<p>See <a href=x>the plan<span class='sr-only'> (opens a new tab)</span></a> today.</p>"
    assert shown(body) == ["See the plan today."]


@pytest.mark.parametrize(
    "wrapper",
    ["<div style='visibility:hidden'><main>{}</main></div>", "<div hidden><h1>{}</h1></div>"],
)
def test_an_article_that_scripts_have_yet_to_show_is_read(wrapper: str) -> None:
    assert shown(wrapper.format("Port opens after the storm")) == ["Port opens after the storm"]


def test_a_list_item_without_an_end_tag_ends_with_its_list() -> None:
    body = "<ul><li>Home<li>News</ul><p>Harbour master names</p><p>The port opened.</p>"
    kinds = [segment.kind.name for segment in html(body).body]
    assert kinds == ["HEADING", "FRAGMENT", "HEADING", "SENTENCE"]
