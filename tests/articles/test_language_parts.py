"""Parts of an article in another language, with their places."""

from __future__ import annotations

from itertools import permutations
from pathlib import Path

import pytest

from summsvc.articles import language_parts
from summsvc.articles.document import Document
from summsvc.articles.reader import read
from summsvc.errors import LanguageUndeterminedError
from summsvc.types import Article, Field, MimeType, Warning, WarningType

DATA = Path(__file__).parents[1] / "data" / "encoding"
PAIRS = list(permutations(("en", "ru", "lt"), 2))


def news(code: str) -> list[str]:
    return (DATA / f"news.{code}.txt").read_text("utf-8").splitlines()[1:]


def reported(document: Document) -> list[Warning]:
    return [each for each in document.warnings if each.type is WarningType.OTHER_LANGUAGE_PART]


@pytest.mark.parametrize(("first", "second"), PAIRS)
@pytest.mark.parametrize("between", [" ", "\n\n"])
def test_half_an_article_in_another_language_is_reported(
    first: str, second: str, between: str
) -> None:
    missed = 0
    for one, other in zip(news(first), reversed(news(second)), strict=True):
        body = one + between + other
        try:
            document = read(Article("", body))
        except LanguageUndeterminedError:
            continue
        found = reported(document)
        missed += not found
        for warning in found:
            assert warning.field is Field.BODY
            assert warning.span is not None
            part = body[warning.span.start : warning.span.end]
            assert part == (one if document.language.code == second else other)
            assert document.language.confidence < 0.8
    assert missed <= 1


@pytest.mark.parametrize(("main", "other"), PAIRS)
def test_a_part_of_some_paragraphs_is_reported_once(main: str, other: str) -> None:
    part = "\n".join(news(other)[:4])
    body = "\n".join([*news(main)[:10], part, *news(main)[10:]])
    (warning,) = reported(read(Article("", body, main)))
    assert warning.span is not None
    assert body[warning.span.start : warning.span.end] == part
    assert f"looks like '{other}', not '{main}'" in warning.message


@pytest.mark.parametrize(("main", "other"), PAIRS)
def test_a_sentence_of_another_language_in_an_article_is_no_part(main: str, other: str) -> None:
    body = "\n".join([*news(main)[:10], news(other)[0], *news(main)[10:]])
    assert reported(read(Article("", body, main))) == []


def test_places_are_those_of_the_source_in_html_too() -> None:
    russian = "".join(f"<p>{each}</p>" for each in news("ru")[:5])
    body = "".join(f"<p>{each}</p>" for each in news("en")[:10]) + russian
    (warning,) = reported(read(Article("", body, "", MimeType.HTML)))
    assert warning.span is not None
    assert body[warning.span.start : warning.span.end] == russian[3:-4]


def test_an_article_wholly_in_another_language_is_a_mismatch_not_a_part() -> None:
    document = read(Article("", "\n".join(news("ru")), "en"))
    assert [each.type for each in document.warnings] == [WarningType.LANGUAGE_MISMATCH]
    assert document.parts == ()


def test_the_number_of_warnings_is_bounded() -> None:
    english, russian = "\n".join(news("en")[:4]), "\n".join(news("ru")[:3])
    document = read(Article("", f"{english}\n{russian}\n" * 30, "en"))
    assert len(document.parts) == 30
    found = reported(document)
    assert len(found) == language_parts.MAX_WARNINGS
    assert found[-1].message.endswith("; 10 more parts follow")


def test_the_segments_of_a_part_are_known_by_its_language() -> None:
    body = "\n".join([*news("en")[:3], *news("ru")[:3]])
    document = read(Article("Harbour", body, "en"))
    assert document.in_language("ru") == {4, 5, 6}
    assert document.in_language("lt") == set()
