"""Inline markup placed by a word alignment: around the right words, complete and well nested."""

from __future__ import annotations

import re
from collections import Counter
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from summsvc.alignment import AlignedSpan, Alignment
from summsvc.articles.reader import read
from summsvc.types import Article, MimeType
from tests.articles.rendering import render
from tests.articles.test_properties import TAG, WORDS, html_bodies, is_nested, markdown_bodies

_RUN = re.compile(r"\S+")


def links(source: str, target: str, pairs: str) -> Alignment:
    """An alignment from pairs of word numbers, from 0: "0-1 1-0"."""
    ours, theirs = ([match.span() for match in _RUN.finditer(text)] for text in (source, target))
    numbers = [tuple(map(int, pair.split("-"))) for pair in pairs.split()]
    spans = [AlignedSpan(*ours[i], *theirs[j]) for i, j in numbers]
    return tuple(sorted(spans, key=lambda span: span.target_start))


def rendered(body: str, translation: str, pairs: str, mime_type: MimeType = MimeType.HTML) -> str:
    document = read(Article("", body, "en", mime_type), keep_boilerplate=True)
    (segment,) = document.body
    return render(document, [translation], [links(segment.text, translation, pairs)]).body


@pytest.mark.parametrize(
    ("body", "translation", "pairs", "expected"),
    [
        (
            '<p>The judge heard <a href="/k">Captain Kern</a> in <b>Narva</b> on Monday.</p>',
            "В понедельник судья выслушал в Нарве капитана Керна.",
            "0-2 1-2 2-3 3-6 4-7 5-4 6-5 7-0 8-1",
            '<p>В понедельник судья выслушал в <b>Нарве</b> <a href="/k">капитана Керна</a>.</p>',
        ),
        # The words of a nested element stay inside the outer one.
        (
            "<p>A <i>very <b>old</b> bridge</i> fell.</p>",
            "Nugriuvo labai senas tiltas.",
            "1-1 2-2 3-3 4-0",
            "<p>Nugriuvo <i>labai <b>senas</b> tiltas</i>.</p>",
        ),
        # Punctuation stays outside unless it was inside.
        (
            "<p>He said <i>“no way,”</i> and left.</p>",
            "И ушёл, сказав «ни за что».",
            "1-2 2-3 3-4 3-5 4-0 5-1",
            "<p>И ушёл, сказав <i>«ни за что»</i>.</p>",
        ),
        # A line break stands before the translation of the word that followed it.
        (
            "<p>First line<br>goes on <b>here</b>.</p>",
            "Čia tęsiasi pirma eilutė.",
            "0-2 1-3 2-1 4-0",
            "<p><b>Čia</b><br>tęsiasi pirma eilutė.</p>",
        ),
        # A word that has no translation of its own belongs to the next one.
        (
            "<p>He took <b>the</b> train.</p>",
            "Jis važiavo traukiniu.",
            "0-0 1-1 3-2",
            "<p>Jis važiavo <b>traukiniu</b>.</p>",
        ),
        # Of two elements the one with a translation gets the word.
        (
            "<p><u>x</u> He took <i>the</i> <b>train</b>.</p>",
            "x Jis važiavo traukiniu.",
            "0-0 1-1 2-2 4-3",
            "<p><u>x</u> Jis važiavo <i></i><b>traukiniu</b>.</p>",
        ),
        # A word inserted inside a phrase is in it, one inserted before it is not.
        (
            "<p>They met <a>Ms Vale</a> twice.</p>",
            "Они дважды встретились с госпожой Анной Вейл.",
            "0-0 1-2 2-4 3-6 4-1",
            "<p>Они дважды встретились с <a>госпожой Анной Вейл</a>.</p>",
        ),
        # Elements at the edges of a sentence.
        (
            "<p><i>One goes</i> home, <b>two stay.</b></p>",
            "Два остаются, один идёт домой.",
            "0-2 1-3 2-4 3-0 4-1",
            "<p><b>Два остаются,</b> <i>один идёт</i> домой.</p>",
        ),
        ("<p><u><b>All</b> of it</u></p>", "Его всё", "0-1 2-0", "<p><u>Его <b>всё</b></u></p>"),
    ],
)
def test_markup_is_around_the_words_that_translate_its_own(
    body: str, translation: str, pairs: str, expected: str
) -> None:
    assert rendered(body, translation, pairs) == expected


@pytest.mark.parametrize(
    ("body", "translation", "pairs", "expected"),
    [
        (
            "A [small *boat*](u) left the **old port** early.",
            "Rano iš senojo uosto išplaukė laivelis mažas.",
            "1-6 2-5 3-4 5-2 6-3 7-0",
            "Rano iš **senojo uosto** išplaukė [*laivelis* mažas](u).",
        ),
        ("Turn *left* now.", "Dabar sukite kairėn.", "0-1 1-2 2-0", "Dabar sukite *kairėn*."),
    ],
)
def test_markdown(body: str, translation: str, pairs: str, expected: str) -> None:
    assert rendered(body, translation, pairs, MimeType.MARKDOWN) == expected


def test_elements_that_begin_or_end_in_another_sentence_keep_their_parents() -> None:
    body = "<p>So <i>it was. One goes</i> <b>home</b> <u>now. Two</u> stay.</p>"
    document = read(Article("", body, "en", MimeType.HTML), keep_boilerplate=True)
    assert [segment.text for segment in document.body] == [
        "So it was.",
        "One goes home now.",
        "Two stay.",
    ]
    answers = ["Так было.", "Теперь домой идёт один.", "Двое остаются."]
    pairs = ["0-0 2-1", "0-3 1-2 2-1 3-0", "0-0 1-1"]
    aligned = [
        links(segment.text, answer, each)
        for segment, answer, each in zip(document.body, answers, pairs, strict=True)
    ]
    assert render(document, answers, aligned).body == (
        "<p>Так <i>было. Теперь домой идёт один</i><b></b><u>. Двое</u> остаются.</p>"
    )


def test_a_translation_with_fewer_words_than_elements() -> None:
    body = "<p>Start <b>here. Two more</b> <i>three</i> four.</p>"
    document = read(Article("", body, "en", MimeType.HTML), keep_boilerplate=True)
    answers = ["Pradžia.", "Du"]
    aligned: list[Alignment] = [(), (AlignedSpan(0, 3, 0, 2), AlignedSpan(15, 19, 0, 2))]
    assert render(document, answers, aligned).body == "<p><b>Pradžia. Du</b><i></i></p>"


@pytest.mark.parametrize("aligned", [True, False])
@pytest.mark.parametrize(
    ("body", "translation", "pairs", "expected"),
    [
        (
            "<p>The field measures 7 m<sup>2</sup> inside.</p>",
            "Laukas yra 7 m2.",
            "1-0 2-1 3-2 4-3",
            "<p>Laukas yra 7 m<sup>2</sup>.</p>",
        ),
        (
            "<p>The field measures 7 km<sup>2</sup> inside.</p>",
            "Площадь поля 7 км2.",
            "1-1 2-0 3-2 4-3",
            "<p>Площадь поля 7 км<sup>2</sup>.</p>",
        ),
        (
            "<p>The C<sub>2</sub>H<sub>6</sub> burns.</p>",
            "Этот C2H6 горит.",
            "1-1 2-2",
            "<p>Этот C<sub>2</sub>H<sub>6</sub> горит.</p>",
        ),
        (
            "<p>On the 3<sup>rd</sup> day.</p>",
            "На 3-й день.",
            "0-0 2-1 3-2",
            "<p>На 3<sup>-й</sup> день.</p>",
        ),
        *(
            (
                "<p>It was 10<sup>−9</sup> of that.</p>",
                f"Это {number} от того.",
                "0-0 2-1 3-2 4-3",
                "<p>Это 10<sup>−9</sup> от того.</p>",
            )
            for number in ("10^−9", "10−9")
        ),
        (
            "<p>From 10<sup>3</sup> to 10<sup>6</sup> birds came.</p>",
            "Atskrido nuo 10^3 iki 10^6 paukščių.",
            "0-1 1-2 2-3 3-4 4-5 5-0",
            "<p>Atskrido nuo 10<sup>3</sup> iki 10<sup>6</sup> paukščių.</p>",
        ),
        ("<p><i>A</i>ll left.</p>", "Все ушли.", "0-0 1-1", "<p><i>В</i>се ушли.</p>"),
        ("<p>They <u>un</u>did it.</p>", "Они отменили.", "0-0 1-1", "<p>Они <u>от</u>менили.</p>"),
    ],
)
def test_tags_inside_a_word_stay_inside_a_word(
    body: str, translation: str, pairs: str, expected: str, *, aligned: bool
) -> None:
    assert rendered(body, translation, pairs if aligned else "") == expected


numbers = st.integers(0, 120)
alignments = st.lists(st.tuples(numbers, numbers, numbers, numbers), max_size=30).map(
    lambda drawn: tuple(
        sorted(
            (AlignedSpan(*sorted(each[:2]), *sorted(each[2:])) for each in drawn),
            key=lambda span: span.target_start,
        )
    )
)


class _Shown(HTMLParser):
    """The text of a body and its tags, with the elements around each."""

    def __init__(self, body: str) -> None:
        super().__init__()
        self.text = ""
        self.around: list[str] = []
        self.elements: Counter[tuple[str, ...]] = Counter()
        self.feed(body)
        self.close()

    def handle_starttag(self, tag: str, _attrs: list[tuple[str, str | None]]) -> None:
        self.elements[*self.around, tag] += 1
        if tag not in ("br", "img"):
            self.around.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.around.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


@given(html_bodies, st.data())
def test_tags_are_complete_and_nested_with_any_alignment(body: str, data: st.DataObject) -> None:
    document = read(Article("", body, "en", MimeType.HTML), keep_boilerplate=True)
    words = st.lists(WORDS, max_size=12).map(" ".join)
    translations = [data.draw(words) for _ in document.segments]
    aligned = [data.draw(alignments) for _ in document.segments]
    result = render(document, translations, aligned).body
    assert is_nested(TAG.findall(result))
    assert Counter(TAG.findall(result)) == Counter(TAG.findall(body))
    before, after = _Shown(body), _Shown(result)
    assert after.elements == before.elements
    plain = _Shown(render(document, translations).body)
    assert sorted("".join(after.text.split())) == sorted("".join(plain.text.split()))


@given(markdown_bodies, alignments)
def test_markdown_links_are_complete_with_any_alignment(body: str, alignment: Alignment) -> None:
    document = read(Article("A title", body, "en", MimeType.MARKDOWN), keep_boilerplate=True)
    translations = ["Du žodžiai."] * len(document.segments)
    result = render(document, translations, [alignment] * len(translations)).body
    for part in ("](http://x.y/z_(a))", "![", "](i.png)", "<http://x.y>", "[^1]", "`x. Y`"):
        assert result.count(part) == body.count(part)


def test_a_deep_and_a_long_tree_of_tags() -> None:
    deep = "<b>" * 9_000 + "x y" + "</b>" * 9_000
    long = "a <i>b</i> " * 4_000
    for body in (f"<p>start {deep} end</p>", f"<p>start {long} end</p>"):
        document = read(Article("", body, "en", MimeType.HTML), keep_boilerplate=True)
        text = document.body[0].text
        alignment = links(text, text + " z", " ".join(f"{i}-{i}" for i in range(text.count(" "))))
        result = render(document, [text + " z"], [alignment]).body
        assert Counter(TAG.findall(result)) == Counter(TAG.findall(body))
        assert is_nested(TAG.findall(result))
