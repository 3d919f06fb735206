"""Signs of a wrong encoding, and the language of a text."""

from __future__ import annotations

from fuzz.text.inputs import LANGUAGES, Input
from fuzz.text.reading import assert_inside
from summsvc.articles import encoding, language
from summsvc.articles.formats.escape import escape
from summsvc.articles.repair import repair
from summsvc.errors import LanguageUndeterminedError, LanguageUnknownError
from summsvc.types import Field, MimeType


def run(data: bytes) -> None:
    """Look for signs of a wrong encoding, or identify a language."""
    given = Input(data)
    way = given.choice(1, ("encoding", "language", "code", "escape"))
    if way == "encoding":
        article = given.article()
        encoding.binary_format(article.body)
        length = {Field.TITLE: len(article.title), Field.BODY: len(article.body), None: 0}
        for warning in repair(article).warnings:
            assert_inside(warning.span, length[warning.field])
    elif way == "language":
        try:
            found, _ = language.identify(given.text, given.choice(2, ("", *LANGUAGES)))
        except LanguageUndeterminedError:
            return
        assert 0 <= found.confidence <= 1
        assert found.code in language.known_languages()
    elif way == "code":
        try:
            code = language.normalize_code(given.raw[:40], field="article.language_code")
        except LanguageUnknownError:
            return
        assert code in language.known_languages()
    else:
        text = given.text
        for mime_type in MimeType:
            escaped = escape(
                text, mime_type, at_line_start=given.flag(2), before_markup=given.flag(3)
            )
            assert len(escaped) >= len(text)
