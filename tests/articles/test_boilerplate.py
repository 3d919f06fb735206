"""Scraped noise: what goes, and what only looks like it and stays."""

from __future__ import annotations

import pytest

from summsvc.articles import boilerplate
from summsvc.articles.formats import plain
from summsvc.articles.reader import read
from summsvc.types import Article, Field, MimeType, WarningType

STORY = [
    "The council met on Monday evening to discuss the new bridge over the river.",
    "Members argued for three hours before the vote was taken.",
    "The bridge will cost four million euros and open in two years.",
    "Residents of the old town asked for a ferry instead.",
    "The mayor promised to study the proposal with care.",
    "Work is expected to begin in the autumn if funds allow.",
    "The last ferry was sold to a museum long ago.",
]

NOISE = [
    "Admin",
    "By Admin",
    "By John Smith",
    "By Maria van der Berg, Staff Writer",
    "BY JANE DOE",
    "By Tom Holland",
    "By Ann Garland and Tom Holland",
    "FILE PHOTO: A crane lifts a box at the port, March 3, 2025. WIRE/Ann Roe/File Photo",
    "This article is for subscribers only. Create a free account to read the full story.",
    "Posted by Editor",
    "Photo: Reuters",
    "Published: 12 May 2024, 10:45",
    "Updated on 2024-05-12",
    "5 min read",
    "Автор: Иван Петров",
    "Автор Иван Петров",
    "Фото: А. Сидоров",
    "Редакция",
    "Опубликовано: 12.05.2024",
    "Autorius: Jonas Petraitis",
    "Autorė Ona Kazlauskienė",
    "Parengė Jonas Petraitis",
    "J. Petraičio nuotr.",
    "Asociatyvi nuotr.",
    "Paskelbta 2024-05-12 10:45",
    "Redakcija",
    "Source link",
    "Source: https://example.com/a?b=c",
    "Source: BBC News",
    "Source: example.com",
    "Read more",
    "Read More →",
    "Read the full story here",
    "Continue reading…",
    "Share this article",
    "Share on Facebook",
    "Follow us on Twitter",
    "Facebook | Twitter | WhatsApp",
    "Related articles",
    "Comments (12)",
    "Leave a comment",
    "https://example.com/story",
    "Источник",
    "Источник: РБК",
    "Читать далее",
    "Читайте также:",
    "Поделиться в Telegram",
    "Подписывайтесь на наш канал",
    "Šaltinis",
    "Šaltinis: delfi.lt",
    "Skaityti daugiau",
    "Skaitykite taip pat:",
    "Dalintis",
    "Sekite mus Facebook",
    "We use cookies to give you the best experience on our site.",
    "This website uses cookies.",
    "By continuing to browse you agree to our use of cookies.",
    "Accept all cookies",
    "Sign up for our newsletter",
    "Subscribe to our daily newsletter and never miss a story",
    "Advertisement",
    "Реклама",
    "Reklama",
    "© 2024 Example Media",
    "All rights reserved.",
    "Все права защищены.",
    "Visos teisės saugomos.",
    "Наш сайт использует файлы куки для удобства.",
    "Šioje svetainėje naudojami slapukai.",
    "Prenumeruokite mūsų naujienlaiškį",
]

NOT_NOISE = [
    "By the time the police came, he had gone.",
    "By the numbers",
    "By 2030 nothing will be left.",
    "By Sunday",
    "By using third-party cookies, the company tracked 3 million people for years, the watchdog "
    "said on Monday.",
    "The agency sends alerts to four million phones.",
    "Flood warnings were issued for the whole coast.",
    "The app asks its users to subscribe again.",
    "Фото с места аварии изучает полиция.",
    "Подписка на газету подорожала.",
    "Programėlė perspės apie potvynį.",
    "Editors resigned on Monday.",
    "Updated guidance for schools",
    "Photos of the bridge were shown.",
    "Source code was stolen.",
    "Read books.",
    "See you in court",
    "Share prices fell",
    "Share and share alike, said the mayor.",
    "Like father, like son",
    "Follow the money",
    "The source declined to be named.",
    "We use cookies as the base of this cake.",
    "Cookies were eaten.",
    "The newspaper's subscribers sign up slowly.",
    "Advertisement spending rose.",
    "Текст закона",
    "Текст закона опубликован.",
    "Авторы доклада ошиблись.",
    "Источник в полиции подтвердил это.",
    "Подробнее о деле рассказал адвокат.",
    "Редакция газеты закрыта.",
    "Autoriai klydo.",
    "Šaltinis policijoje tai patvirtino.",
    "Reklama brangsta.",
    "Trending upwards",
    "More news is expected.",
    "Related crimes rose by half.",
    "Comments were mixed.",
    "He wrote it. By John Smith it was read.",
]


def removed(body: str, title: str = "", mime_type: MimeType = MimeType.PLAIN) -> list[str]:
    document = read(Article(title, body, "en", mime_type))
    assert len(document.warnings) >= len(document.removed) > 0 or not document.removed
    return [body[span.start : span.end].strip() for span in document.removed]


@pytest.mark.parametrize("noise", NOISE)
@pytest.mark.parametrize("position", ["top", "bottom"])
def test_whole_short_blocks_are_left_out(noise: str, position: str) -> None:
    blocks = [noise, *STORY] if position == "top" else [*STORY, noise]
    assert removed("\n\n".join(blocks), "A bridge") == [noise]


@pytest.mark.parametrize("text", NOT_NOISE)
def test_what_belongs_to_a_story_stays(text: str) -> None:
    assert removed("\n\n".join([text, *STORY])) == []
    assert removed("\n\n".join([*STORY, text])) == []


def test_bylines_and_links_in_the_middle_stay_but_notices_go() -> None:
    story = STORY * 2
    story.insert(7, "Source link")
    assert removed("\n\n".join(story)) == []
    story[7] = "Advertisement"
    assert removed("\n\n".join(story)) == ["Advertisement"]


@pytest.mark.parametrize(
    "again",
    [
        "Council argues about a new bridge",
        "COUNCIL ARGUES ABOUT A NEW BRIDGE!",
        "“Council argues about a new bridge”",
        "Council argues about a new bridge | The Daily Example",
    ],
)
def test_a_headline_goes_when_it_is_said_again(again: str) -> None:
    title = "Council argues about a new bridge"
    assert removed("\n\n".join([again, *STORY]), title) == [again]
    assert removed("\n\n".join([title, again, *STORY])) == [again]


def test_a_first_sentence_that_begins_like_the_headline_stays() -> None:
    story = ["Council argues about a new bridge on Monday.", *STORY]
    assert removed("\n\n".join(story), "Council argues about a new bridge") == []


def test_headlines_after_a_label_go_with_it_at_the_end() -> None:
    others = ["Read also:", "Mayor denies new charges", "Storm hits the northern coast"]
    assert removed("\n\n".join([*STORY, *others])) == others
    assert removed("\n\n".join([*STORY, *others, STORY[0]])) == others[:1]


def test_a_date_goes_only_where_no_heading_stands() -> None:
    assert removed("\n\n".join(["3 June 2025", *STORY])) == ["3 June 2025"]
    assert removed("\n\n".join([*STORY, "3 June 2025"])) == ["3 June 2025"]
    assert removed("\n\n".join([*STORY[:3], "3 June 2025", *STORY[3:]])) == []


def test_names_alone_are_a_byline_where_no_headline_stands() -> None:
    names = "Ann Roe and Mark Dow"
    assert removed("\n\n".join([names, *STORY]), "A bridge") == [names]
    assert removed("\n\n".join([*STORY, names])) == [names]
    assert removed("\n\n".join([names, *STORY])) == []
    assert removed("\n\n".join([*STORY[:2], names, *STORY[2:]]), "A bridge") == []


def test_the_parts_of_a_line_may_be_of_several_kinds() -> None:
    line = "By Ann Roe | 3 June 2025 | 4 min read"
    assert removed("\n\n".join([line, *STORY])) == [line]
    line = "Ann Roe, 3 June 2025, 10:45"
    assert removed("\n\n".join([line, *STORY])) == [line]


def test_a_repeated_sentence_stays() -> None:
    assert removed("\n\n".join([STORY[0], *STORY])) == []


def test_short_replies_may_repeat() -> None:
    assert removed("No.\n\nNo.\n\n" + "\n\n".join(STORY)) == []


def test_a_warning_quotes_what_was_removed_and_where() -> None:
    body = "\n\n".join([*STORY, "Source link"])
    (warning,) = read(Article("", body, "en")).warnings
    assert warning.type is WarningType.BOILERPLATE_REMOVED
    assert warning.field is Field.BODY
    assert warning.span is not None
    assert body[warning.span.start : warning.span.end] == "Source link"
    assert "“Source link”" in warning.message


def test_keep_boilerplate_keeps_everything() -> None:
    body = "\n\n".join(["Admin", *STORY, "Source link"])
    document = read(Article("", body, "en"), keep_boilerplate=True)
    assert (document.removed, document.warnings) == ((), ())
    assert [document.body[0].text, document.body[-1].text] == ["Admin", "Source link"]


def test_an_article_of_nothing_else_is_read() -> None:
    document = read(Article("", "Source link\n\nRead more", "en"))
    assert [segment.text for segment in document.body] == ["Source link", "Read more"]


def test_it_is_known_whether_an_article_has_nothing_else() -> None:
    def is_only_noise(*lines: str) -> bool:
        return boilerplate.find(plain.parse("\n\n".join(lines)), "").only_noise

    assert is_only_noise("Source link", "Read more")
    assert not is_only_noise("Source link", *STORY)
    assert not is_only_noise(*STORY, "Source link")
    assert not is_only_noise()


def test_html_noise_takes_the_elements_that_hold_nothing_else() -> None:
    paragraphs = "".join(f"<p>{text}</p>" for text in STORY)
    body = (
        f'{paragraphs}<ul><li><a href="x"><b>Source link</b></a></li></ul><p>By <a>Ann Lee</a></p>'
        "<p><b>Read</b> more</p>"
    )
    assert removed(body, mime_type=MimeType.HTML) == [
        '<ul><li><a href="x"><b>Source link</b></a></li></ul>',
        "<p>By <a>Ann Lee</a></p>",
        "<p><b>Read</b> more</p>",
    ]


def test_markdown_noise_takes_its_lines() -> None:
    body = "\n\n".join(["# A bridge, again and again", "## A bridge, again and again", *STORY])
    body += "\n\n[Source link](https://example.com)\n"
    assert removed(body, mime_type=MimeType.MARKDOWN) == [
        "## A bridge, again and again",
        "[Source link](https://example.com)",
    ]


def test_a_page_title_neither_goes_nor_makes_the_heading_go() -> None:
    page = "<title>A bridge, again and again</title><h1>A bridge, again and again</h1>"
    assert removed(page + "".join(f"<p>{text}</p>" for text in STORY), "", MimeType.HTML) == []
