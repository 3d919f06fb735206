"""Repair of texts that were certainly decoded or escaped wrongly; places stay exact."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from summsvc.articles.document import Document
from summsvc.articles.reader import read
from summsvc.articles.repair import repair
from summsvc.types import Article, Field, MimeType, Warning, WarningType

DATA = Path(__file__).parents[1] / "data" / "encoding"
LANGUAGES = ("en", "ru", "lt")
ENCODING = (WarningType.ENCODING_REPAIRED, WarningType.ENCODING_DOUBTFUL)


def lines(kind: str) -> list[str]:
    return [
        line
        for language in LANGUAGES
        for line in (DATA / f"{kind}.{language}.txt").read_text("utf-8").splitlines()
        if not line.startswith("#")
    ]


def misread(text: str, code_page: str) -> str:
    """The text's UTF-8 as a browser shows it in a code page."""
    return "".join(_shown(byte, code_page) for byte in text.encode())


def _shown(byte: int, code_page: str) -> str:
    try:
        return bytes((byte,)).decode(code_page)
    except UnicodeDecodeError:
        return chr(byte)


def kinds(warnings: tuple[Warning, ...]) -> list[WarningType]:
    return [each.type for each in warnings if each.type in ENCODING]


def shown(document: Document) -> list[str]:
    return [segment.text for segment in document.segments]


@pytest.mark.parametrize("code_page", ["cp1252", "latin-1", "cp1251"])
@pytest.mark.parametrize("times", [1, 2])
def test_text_that_was_read_in_a_wrong_code_page_is_decoded(code_page: str, times: int) -> None:
    texts = lines("news")
    assert len(texts) == 60
    for text in texts:
        sent = text
        for _ in range(times):
            sent = misread(sent, code_page)
        repaired = repair(Article("", sent))
        assert repaired.article.body == text
        assert kinds(repaired.warnings) == [WarningType.ENCODING_REPAIRED]


def in_code_page(text: str, codec: str, shown_as: str) -> str:
    """The text in a code page as programs show it that read the bytes in another one."""
    data = text.encode(codec, "replace")
    return "".join(bytes((byte,)).decode(shown_as, "ignore") or chr(byte) for byte in data)


@pytest.mark.parametrize("shown_as", ["cp1252", "latin-1"])
@pytest.mark.parametrize(
    ("language", "codec"), [("ru", "cp1251"), ("ru", "koi8-r"), ("lt", "cp1257")]
)
def test_a_code_page_that_was_read_as_another_one_is_decoded(
    language: str, codec: str, shown_as: str
) -> None:
    text = (DATA / f"news.{language}.txt").read_text("utf-8").partition("\n")[2]
    text = text.encode(codec, "replace").decode(codec)
    sent = in_code_page(text, codec, shown_as)
    repaired = repair(Article("", sent))
    assert repaired.article.body == text
    assert kinds(repaired.warnings) == [WarningType.ENCODING_REPAIRED]
    document = read(Article("", sent, language))
    assert shown(document) == shown(read(Article("", text, language)))
    for segment in document.segments:
        part = sent[segment.span.start : segment.span.end]
        assert part == in_code_page(segment.text, codec, shown_as)


@pytest.mark.parametrize(
    "text",
    [
        "L’été à Évian coûte déjà très cher à côté.",
        "Þingmenn ræddu um ný lög í gær. Það er gott.",
        "Føroyar eru góðar og ræðið er stórt. Tey eru á fundi í Havn.",
        "Færøerne er øer på vej, og så går det på æ og ø.",
        "Đại hội đã có ở Việt Nam.",
        "ÀÁÂ ÈÉÊ ÌÍÎ ÒÓÔ ÙÚÛ",
        "ððð þþþ æææ",
    ],
)
def test_languages_with_accented_letters_are_read_as_sent(text: str) -> None:
    assert repair(Article("", text)).article.body == text


def test_text_that_was_decoded_rightly_stays() -> None:
    texts = lines("fine")
    assert len(texts) == 60
    for text in texts:
        repaired = repair(Article(text, text))
        assert (repaired.article.title, repaired.article.body) == (text, text)
        assert WarningType.ENCODING_REPAIRED not in kinds(repaired.warnings)


@pytest.mark.parametrize("language", LANGUAGES)
def test_places_are_those_of_the_text_as_sent(language: str) -> None:
    text = (DATA / f"news.{language}.txt").read_text("utf-8").partition("\n")[2]
    document = read(Article("", misread(text, "cp1252"), language))
    assert shown(document) == shown(read(Article("", text, language)))
    for segment in document.segments:
        sent = misread(text, "cp1252")[segment.span.start : segment.span.end]
        assert sent == misread(segment.text, "cp1252")


def test_a_title_is_repaired_by_itself() -> None:
    title = misread("Порт открыли", "cp1251")
    document = read(Article(title, "Порт открыли утром. Пришло сорок судов.", "ru"))
    assert document.title[0].text == "Порт открыли"
    (warning,) = [each for each in document.warnings if each.type in ENCODING]
    assert (warning.type, warning.field) == (WarningType.ENCODING_REPAIRED, Field.TITLE)
    assert warning.span is not None
    assert title[warning.span.start : warning.span.end] == misread("П", "cp1251")


@pytest.mark.parametrize("lost", ["\ufffd", "?é", "…"])
def test_a_text_that_lost_a_character_is_left_with_a_warning(lost: str) -> None:
    sent = misread("Мэр открыл новый мост через реку.", "cp1252") + lost
    repaired = repair(Article("", sent))
    assert repaired.article.body == sent
    assert kinds(repaired.warnings) == [WarningType.ENCODING_DOUBTFUL]


@pytest.mark.parametrize(
    ("sent", "mime_type", "text"),
    [
        ("The mayor&#39;s office &amp; dock", MimeType.PLAIN, "The mayor's office & dock"),
        ("&quot;No,&quot; he said.", MimeType.PLAIN, '"No," he said.'),
        (
            "Das&nbsp;Ende &ndash; so&nbsp;he said",
            MimeType.PLAIN,
            "Das\u00a0Ende – so\u00a0he said",
        ),
        (
            "<p>The mayor&amp;#39;s office said the port &amp;amp; dock opened on Monday.</p>",
            MimeType.HTML,
            "The mayor's office said the port & dock opened on Monday.",
        ),
        ("The *mayor&amp;rsquo;s* office", MimeType.MARKDOWN, "The mayor’s office"),
        ('<p>It&amp;#39;s <a href="/?a&amp;b=2">open</a></p>', MimeType.HTML, "It's open"),
    ],
)
def test_text_that_was_escaped_once_too_often_is_unescaped(
    sent: str, mime_type: MimeType, text: str
) -> None:
    document = read(Article("", sent, "en", mime_type))
    assert shown(document) == [text]
    assert kinds(document.warnings) == [WarningType.ENCODING_REPAIRED]


@pytest.mark.parametrize(
    ("sent", "mime_type"),
    [
        ("AT&T isn&#39;t alone", MimeType.PLAIN),
        ("Write x&lt;y here", MimeType.PLAIN),
        ("<b>The mayor&#39;s</b> office", MimeType.PLAIN),
        ("<p>It&amp;#39;s: write <code>&amp;nbsp;</code></p>", MimeType.HTML),
        ("<p>Roe &amp; Sons isn&amp;#39;t open</p>", MimeType.HTML),
        ("<p>&amp;lt;p&amp;gt;it&amp;#39;s&amp;lt;/p&amp;gt;</p>", MimeType.HTML),
    ],
)
def test_text_of_which_a_part_is_written_rightly_is_left(sent: str, mime_type: MimeType) -> None:
    repaired = repair(Article("", sent, "en", mime_type))
    assert repaired.article.body == sent
    assert kinds(repaired.warnings) == [WarningType.ENCODING_DOUBTFUL]


@pytest.mark.parametrize(
    "around",
    [
        '<a href="/?a=1&amp;amp;b=2">{}</a>',
        "<script>var a = '&amp;quot;';</script>{}",
        "<!-- &amp;#39; -->{}",
        "<noscript><img src='x?a&amp;amp;b'></noscript>{}",
    ],
)
def test_what_a_page_does_not_show_may_be_escaped_twice(around: str) -> None:
    sent = around.format("<p>The port &amp; the dock are open.</p>")
    assert repair(Article("", sent, "en", MimeType.HTML)).warnings == ()


@given(st.text(st.characters(codec="utf-8"), max_size=80))
def test_what_is_repaired_is_what_was_meant_or_looks_misread_itself(text: str) -> None:
    repaired = repair(Article("", misread(text, "cp1251"))).article.body
    assert repaired in (text, misread(text, "cp1251")) or repair(Article("", text)).fields


@given(st.text(max_size=80), st.sampled_from(["cp1251", "cp1252"]))
def test_places_cover_the_text_as_sent_in_order(text: str, code_page: str) -> None:
    sent = misread(f"Мэр {text} открыл мост", code_page) if text.isprintable() else text
    places = repair(Article("", sent)).fields.get(Field.BODY)
    if places:
        assert list(places.starts) == [0, *places.ends[:-1]]
        assert places.ends[-1] == len(sent)
