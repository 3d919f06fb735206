"""Reader with plain text: rejected inputs, segmentation and offsets."""

from __future__ import annotations

from pathlib import Path

import pytest

from summsvc.articles.reader import read, warm_up
from summsvc.articles.segmentation import MAX_SENTENCE_CODE_POINTS
from summsvc.errors import (
    EmptyArticleError,
    InvalidFieldError,
    InvalidInputError,
    LanguageUndeterminedError,
    LanguageUnknownError,
    TextTooLongError,
)
from summsvc.types import Article, Field, MimeType, SegmentKind, WarningType

SEED = next((Path(__file__).parents[2] / "seeds").glob("000_*.txt"))


def texts(body: str, title: str = "", language: str = "en") -> list[str]:
    return [segment.text for segment in read(Article(title, body, language)).body]


def kinds(body: str, title: str = "") -> list[str]:
    return [segment.kind.name for segment in read(Article(title, body, "en")).body]


@pytest.mark.parametrize(
    ("title", "body"),
    [("", ""), ("", " \n\t\u00a0"), ("—", "…"), ("", "***\n\n😀"), ("", "\u200b\u200f")],
)
def test_article_without_letter_or_digit_is_rejected(title: str, body: str) -> None:
    with pytest.raises(EmptyArticleError) as caught:
        read(Article(title, body, "en"))
    assert caught.value.field == "article.body"


@pytest.mark.parametrize("char", ["\x00", "\x07", "\x0e", "\x1f", "\ud800"])
@pytest.mark.parametrize("field", ["title", "body"])
def test_control_characters_and_lone_surrogates_are_rejected(char: str, field: str) -> None:
    parts = {"title": "A title", "body": "A body.", field: f"ab{char}c"}
    with pytest.raises(InvalidFieldError) as caught:
        read(Article(parts["title"], parts["body"], "en"))
    assert caught.value.field == f"article.{field}"
    assert caught.value.metadata == {"offset": "2"}
    caught.value.message.encode()


@pytest.mark.parametrize("field", ["title", "body"])
def test_text_over_its_limit_is_rejected(field: str) -> None:
    parts = {"title": "", "body": "", field: "x" * 11}
    article = Article(parts["title"], parts["body"], "en")
    with pytest.raises(TextTooLongError) as caught:
        read(article, max_title=10, max_body=10)
    assert caught.value.field == f"article.{field}"
    assert caught.value.metadata == {"limit": "10", "length": "11"}
    read(article, max_title=11, max_body=11)


LARGE = """<!-- {0} --><script>{0}</script><style>{0}</style><p title="{0}">Two words.</p>"""


def test_of_html_text_and_tags_count_for_the_limit_not_what_makes_pages_large() -> None:
    article = Article("", LARGE.format("<b>Much more</b>" * 9), "en", MimeType.HTML)
    counted = sum(
        map(len, ("<script>", "script  ", "<style>", "style  ", "<p>", "p  ", "Two words."))
    )
    assert [segment.text for segment in read(article, max_body=counted).body] == ["Two words."]
    with pytest.raises(TextTooLongError) as caught:
        read(article, max_body=counted - 1)
    assert caught.value.metadata == {"limit": str(counted - 1), "length": str(counted)}
    with pytest.raises(TextTooLongError):
        read(Article("", article.body, "en"), max_body=counted)


def test_unknown_and_undetermined_languages_are_rejected() -> None:
    with pytest.raises(LanguageUnknownError) as unknown:
        read(Article("A title", "", "klingon"))
    with pytest.raises(LanguageUndeterminedError) as undetermined:
        read(Article("OK", ""))
    assert unknown.value.field == undetermined.value.field == "article.language_code"


def test_article_with_title_only() -> None:
    document = read(Article(" Ministras atsistatydino po skandalo \n", ""))
    (segment,) = document.title
    assert (segment.text, segment.kind) == (
        "Ministras atsistatydino po skandalo",
        SegmentKind.HEADING,
    )
    assert (document.body, document.body_separators) == ((), ("",))
    assert document.title_separators == (" ", " \n")
    assert document.language.code == "lt"


def test_seed_article() -> None:
    body = SEED.read_text("utf-8")
    document = read(Article("", body))
    assert (document.language.code, document.language.identified) == ("en", True)
    heading, lead, *rest = document.body
    assert heading.kind is SegmentKind.HEADING
    assert heading.text.startswith("Belarus Releases 123 Prisoners Amid")
    assert lead.text.startswith("Belarus recently released 123 prisoners, including")
    assert lead.text.endswith("Maria Kolesnikova.")
    assert {segment.kind for segment in (lead, *rest)} == {SegmentKind.SENTENCE}
    assert len(document.body) == 23
    assert [body[span.start : span.end].strip() for span in document.removed] == [
        "Admin",
        heading.text,
        "Source link",
    ]
    assert {warning.type for warning in document.warnings} == {WarningType.BOILERPLATE_REMOVED}
    assert len(document.warnings) == 3


def test_spans_are_code_points_of_the_body_as_sent() -> None:
    body = "😀 First one.\r\n\r\nSecond\tone.\u00a0Third."
    document = read(Article("", body, "en"))
    assert [body[s.span.start : s.span.end] for s in document.body] == [
        "😀 First one.",
        "Second\tone.",
        "Third.",
    ]
    assert [s.text for s in document.body][1] == "Second one."
    assert document.body_separators == ("", "\r\n\r\n", "\u00a0", "")
    assert [s.paragraph for s in document.body] == [0, 1, 1]
    assert {s.field for s in document.body} == {Field.BODY}


def test_white_space_is_folded_except_single_no_break_spaces() -> None:
    assert texts("A\u00a0sum of 10\u202f000 \t was\u3000paid.") == [
        "A\u00a0sum of 10\u202f000 was paid."
    ]


WRAPPED = (
    "The council met on Monday evening to discuss\n"
    "the new bridge. Members argued for hours and\n"
    "Mayor Lee promised to study the proposal of\n"
    "the residents."
)


@pytest.mark.parametrize("feed", ["\n", "\r\n", "\r", " \n  "])
def test_hard_wrapped_lines_are_joined(feed: str) -> None:
    assert texts(WRAPPED.replace("\n", feed)) == [
        "The council met on Monday evening to discuss the new bridge.",
        "Members argued for hours and Mayor Lee promised to study the proposal of the residents.",
    ]


def test_wrap_column_applies_to_short_paragraphs() -> None:
    short = "A second paragraph has been written by Mayor\nLee of this town."
    assert texts(f"{WRAPPED}\n\n{short}")[-1] == short.replace("\n", " ")
    assert len(texts(short)) == 2


def test_sentence_continues_after_a_short_line() -> None:
    assert texts("The president\nsaid hello.") == ["The president said hello."]


@pytest.mark.parametrize(
    "body",
    [
        "Milk\nEggs\nBread",
        "milk\neggs\nbread",
        "Alexander Lukashenko\nMaria Kolesnikova\nAles Bialiatski",
        "A first headline about something new here\nA second headline about another thing\n"
        "A third headline about yet other things",
        "One sentence here.\nAnother one there.",
        "Colours:\nred\ngreen",
    ],
)
def test_separate_lines_stay_separate(body: str) -> None:
    assert texts(body) == body.split("\n")


def test_list_markers_are_separators() -> None:
    document = read(Article("", "- Milk\n* Two eggs\n3. Bread\nand butter.\n• a) Tea", "en"))
    assert [s.text for s in document.body] == ["Milk", "Two eggs", "Bread and butter.", "a) Tea"]
    assert document.body_separators == ("- ", "\n* ", "\n3. ", "\n• ", "")


def test_segment_kinds() -> None:
    body = "A heading line\n\nA sentence.\n\n- an item\n\nAnother heading\n\nThe end. And"
    assert kinds(body) == ["HEADING", "SENTENCE", "FRAGMENT", "HEADING", "SENTENCE", "FRAGMENT"]


def test_lines_without_letters_are_separators() -> None:
    document = read(Article("", "One.\n\n* * *\n\nTwo.", "en"))
    assert document.body_separators == ("", "\n\n* * *\n\n", "")


@pytest.mark.parametrize(
    "body",
    ["x " * 500_000, "Yes, it is. " * 83_333, "a line\n" * 142_857, "w" * 1_000_000],
)
def test_body_of_a_million_characters(body: str) -> None:
    document = read(Article("", body, "en"))
    kept = "".join(
        separator + body[segment.span.start : segment.span.end]
        for separator, segment in zip(document.body_separators, document.body, strict=False)
    )
    assert kept + document.body_separators[-1] == body


def test_sentence_of_fifty_thousand_characters_is_not_cut() -> None:
    sentence = "word, " * 8_333 + "end."
    assert texts(sentence) == [sentence]


def test_right_to_left_text() -> None:
    assert texts("שלום עולם. מה שלומך?", language="he") == ["שלום עולם.", "מה שלומך?"]


def test_warm_up() -> None:
    warm_up()


def test_every_rejection_is_an_invalid_input_error() -> None:
    with pytest.raises(InvalidInputError):
        read(Article("", ""))


def test_overlong_sentence_is_cut_between_words_or_characters() -> None:
    spaced = texts("word " * 25_000)
    assert [len(text) % 5 for text in spaced] == [4] * 3
    assert " ".join(spaced) == ("word " * 25_000).strip()
    accents = "x" + "e\u0301" * 70_000
    parts = texts(accents)
    assert [len(part) for part in parts] == [
        MAX_SENTENCE_CODE_POINTS - 1,
        MAX_SENTENCE_CODE_POINTS,
        20_002,
    ]
    assert "".join(parts) == accents


def test_a_note_number_after_punctuation_alone_is_text() -> None:
    assert texts(".[1]") == [".[1]"]


def test_text_without_letters_in_an_overlong_sentence_is_a_separator() -> None:
    document = read(Article("", f"He said {'-' * 140_000} something", "en"))
    assert [len(segment.text) for segment in document.body] == [
        MAX_SENTENCE_CODE_POINTS,
        20_000 + 18,
    ]
