"""HTML parser: visible text, block boundaries and opaque elements."""

from __future__ import annotations

import pytest

from summsvc.articles.document import Document
from summsvc.articles.reader import read
from summsvc.types import Article, MimeType, WarningType
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
        "<textarea>x <b></textarea>",
        "<noscript>on</noscript>",
        "<svg><text>x</text></svg>",
        "<pre><code>The words of a program. Its words.</code></pre>",
        "<rt>Pronunciation</rt>",
    ],
)
def test_opaque_content_is_kept(opaque: str) -> None:
    assert shown(f"<p>Before.</p>{opaque}<p>After.</p>") == ["Before.", "After."]
    assert opaque in upper(f"<p>Before {opaque} after.</p>")


@pytest.mark.parametrize(
    "tag", ["<p aria-hidden=true>", "<main hidden>", "<h1 hidden>", "<div hidden>"]
)
def test_a_hidden_element_may_begin_at_the_end(tag: str) -> None:
    assert shown(f"<p>Before.</p>{tag}") == ["Before."]
    assert upper(f"<p>Before.</p>{tag}") == f"<p>BEFORE.</p>{tag}"


@pytest.mark.parametrize(
    ("element", "text"),
    [
        ("<code>a &lt; b</code>", "a < b"),
        ("<code>a <code>b</code> c</code>", "a b c"),
        ("<kbd>Ctrl</kbd>", "Ctrl"),
        ("<samp>ok. Done</samp>", "ok. Done"),
        ('<span translate="no">Brand Name</span>', "Brand Name"),
        ("<b translate=no>Brand <i>Name</i></b>", "Brand Name"),
        ("<i class=notranslate>Brand. Name</i>", "Brand. Name"),
        ('<a class="x notranslate" href="u">Brand &amp; Name</a>', "Brand & Name"),
    ],
)
def test_kept_elements_are_text_of_their_sentence_and_stay_as_written(
    element: str, text: str
) -> None:
    body = f"<p>Before {element} after.</p>"
    (segment,) = html(body).body
    assert segment.text == f"Before {text} after."
    assert [segment.text[start:end] for start, end in segment.kept] == [text]
    assert upper(body) == f"<p>BEFORE {element} AFTER.</p>"


def test_kept_blocks_are_read_and_stay_as_written() -> None:
    kept = '<div class="a notranslate b"><div>One <b>x</b>.</div>Two &quot;y&quot;</div>'
    body = f"<p>Before.</p>{kept}<p>After.</p>"
    assert shown(body) == ["Before.", "One x.", 'Two "y"', "After."]
    assert upper(body) == f"<p>BEFORE.</p>{kept}<p>AFTER.</p>"


def test_a_long_kept_element_is_divided_into_sentences() -> None:
    long = "One goes on. Two &amp; three do too. " * 10
    body = f"<p>Start <span translate=no>{long.strip()}</span>.</p>"
    assert len(html(body).body) == 20
    assert upper(body) == f"<p>START <span translate=no>{long.strip()}</span>.</p>"


def test_a_kept_part_that_a_translation_lacks_stands_in_its_place() -> None:
    document = html("<p>Use <code>x.y</code> to run it.</p>")
    assert render(document, ["Taip paleisite."]).body == ("<p>Taip <code>x.y</code>paleisite.</p>")


def test_white_space_inside_a_kept_part_is_not_doubled() -> None:
    document = html("<p>Use<code> x.y </code>to run it, <kbd>Esc </kbd>.</p>")
    assert document.body[0].text == "Use x.y to run it, Esc ."
    assert render(document, ["Paleiskite x.y ir Esc."]).body == (
        "<p>Paleiskite<code> x.y </code>ir <kbd>Esc </kbd>.</p>"
    )


def test_kept_parts_are_where_the_translation_has_them() -> None:
    document = html("<p>Copy <code>a.txt</code> to <kbd>b.txt</kbd> for <b>now</b>.</p>")
    assert render(document, ["Į B.txt kopijuokite a.txt kol kas."]).body == (
        "<p>Į <kbd>b.txt</kbd> kopijuokite <code>a.txt</code> kol <b>kas</b>.</p>"
    )


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("<p>She said: <q>No.</q> He left.</p>", ["She said: “No.”", "He left."]),
        ("<p><q>He says <q>no</q>,</q> she said.</p>", ["“He says ‘no’,” she said."]),
        ("<p>An end</q> only.</p>", ["An end only."]),
        ("<p>The <q>open one.</p><p>A <q>b</q>.</p>", ["The “open one.", "A “b”."]),
    ],
)
def test_quotations_have_quotation_marks(body: str, expected: list[str]) -> None:
    assert shown(body) == expected
    assert upper(body) == body.upper().replace("Q>", "q>").replace("P>", "p>")


@pytest.mark.parametrize(("language", "marks"), [("ru", "«»„“"), ("lt", "„“‚‘"), ("fr", "“”‘’")])
def test_quotation_marks_are_those_of_the_language(language: str, marks: str) -> None:
    body = "<p>A <q>b <q>c</q></q>.</p>"
    document = read(Article("", body, language, MimeType.HTML), keep_boilerplate=True)
    first, last, inner_first, inner_last = list(marks)
    assert document.body[0].text == f"A {first}b {inner_first}c{inner_last}{last}."


@pytest.mark.parametrize(
    ("translation", "expected"),
    [
        ("Meras sakė: „Taip“.", "<p>Meras sakė: <q>Taip</q>.</p>"),
        ("„Taip“, – sakė meras.", "<p><q>Taip</q>, – sakė meras.</p>"),
        ("Meras sakė taip.", "<p>Meras sakė <q>taip.</q></p>"),
    ],
)
def test_quotation_marks_of_a_translation_become_the_tags(translation: str, expected: str) -> None:
    document = html("<p>The mayor said: <q>Yes.</q></p>")
    assert render(document, [translation]).body == expected


def test_annotations_of_ruby_are_no_text() -> None:
    body = (
        "<p>The <ruby>東京<rp>(</rp><rt>Tokyo</rt><rp>)</rp></ruby> <ruby>都<rt>to</ruby> here.</p>"
    )
    assert shown(body) == ["The 東京 都 here."]
    assert upper(body).count("<rt>Tokyo</rt>") == 1


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (
            "Two men came.<sup>1</sup> They left.<sup>2</sup> It rained.",
            ["Two men came.", "They left.", "It rained."],
        ),
        ("The brothers<sup>2</sup> met.", ["The brothers met."]),
        ("In 1890<sup>3</sup> it began.", ["In 1890 it began."]),
        ("It is so (he said)<sup>[4]</sup>, they say.", ["It is so (he said), they say."]),
        ('A rise<sup><a href="#n">b</a></sup> of it.', ["A rise of it."]),
        ("Prices<sup>*</sup> rose.", ["Prices rose."]),
        ("Prices rose.<sup>a</sup> They fell.<sup>b</sup>", ["Prices rose.", "They fell."]),
        ("It is 4.<sup>a</sup> in M<sup>e</sup>.", ["It is 4.a in Me."]),
        ("It has 5 km<sup>2</sup> and 7 m<sup>3</sup>.", ["It has 5 km2 and 7 m3."]),
        ("At 10<sup>6</sup> and the 1<sup>st</sup> H<sub>2</sub>O.", ["At 10^6 and the 1st H2O."]),
        ("It is 7·10<sup>−9</sup> or 2<sup><b>10</b></sup>.", ["It is 7·10^−9 or 2^10."]),
        ("<sup>1</sup> A note.", ["1 A note."]),
    ],
)
def test_numbers_of_notes_are_no_text_but_other_raised_text_is(
    body: str, expected: list[str]
) -> None:
    assert shown(f"<p>{body}</p>") == expected
    assert upper(f"<p>{body}</p>").count("<sup>") == body.count("<sup>")


PROSE = """<pre>
NORTHPORT, June 5 - The ferry sank on Tuesday after
a night of wind, and ten people swam ashore.

The &quot;captain&quot; thanked <b>all</b> the
fishermen.
</pre>"""


def test_preformatted_prose_is_its_paragraphs() -> None:
    document = html(f"<h1>News</h1>{PROSE}")
    assert [segment.text for segment in document.body] == [
        "News",
        "NORTHPORT, June 5 - The ferry sank on Tuesday after a night of wind, and ten people swam "
        "ashore.",
        'The "captain" thanked all the fishermen.',
    ]
    assert document.warnings == ()
    answers = ["Naujienos", "Keltas nuskendo.", "Kapitonas dėkojo visiems."]
    assert render(document, answers).body == (
        "<h1>Naujienos</h1><pre>\nKeltas nuskendo.\n\nKapitonas dėkojo <b>visiems.</b>\n</pre>"
    )


@pytest.mark.parametrize(
    "code",
    [
        "<pre>def f(x):\n    return x + 1  # The sum of it.\n</pre>",
        "<pre>Name        Points\nAnn Smith        12\nJohn Brown        9\n</pre>",
        '<pre class="language-text">One two three four. Five six seven.</pre>',
        "<pre><code>One two three four. Five six seven.</code></pre>",
        "<pre>pip install it\nrun it now please\n</pre>",
    ],
)
def test_preformatted_code_is_left_out_with_a_warning(code: str) -> None:
    document = html(f"<p>Before.</p>{code}<p>After.</p>")
    assert [segment.text for segment in document.body] == ["Before.", "After."]
    (warning,) = document.warnings
    assert warning.type is WarningType.CODE_REMOVED
    assert warning.span is not None
    assert warning.span.start >= len("<p>Before.</p>")
    assert code in render(document, ["Prieš.", "Po."]).body


def test_one_warning_counts_all_code() -> None:
    document = html("<p>Before.</p><pre>a=1;</pre><pre>b=2;</pre>")
    assert [warning.message for warning in document.warnings] == [
        "left out 2 blocks of code, the first: “a=1;”"
    ]


def test_opaque_inline_elements_keep_position_and_spaces() -> None:
    body = "<p>Use <code>x.y</code> to run <b>it</b> now.</p>"
    assert upper(body) == "<p>USE <code>x.y</code> TO RUN <b>IT</b> NOW.</p>"


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("One <code>two three.", ["One two three."]),
        ("<p translate=no>One<p>Two", ["One", "Two"]),
        ("<code>One <code>two</code> three", ["One two three"]),
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
        "<q>a",
        "</q>",
        "<sup>1",
        "<sup>1</sup>",
        "<b translate=no>x",
        "<div translate=no>",
        "<pre>a b c. ",
        "<rt>a",
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
        "<dialog><p>We value your privacy.</p></dialog>",
        "<dialog open><p>We value your privacy.</p></dialog>",
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
