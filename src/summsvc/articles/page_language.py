"""The language of an article, with the language that its page names as further evidence."""

from __future__ import annotations

from summsvc.articles import language
from summsvc.articles.document import IdentifiedLanguage
from summsvc.errors import LanguageUndeterminedError
from summsvc.types import Warning, WarningType

AGREEMENT = 0.95
"""Probability of a language that text and page agree on, where the text alone gives less. Many
pages name the language of their template, so that what a page names is no proof by itself."""

PAGE_ALONE = 0.8
"""Probability of a language that a page names, where the text is too short to tell."""


def identify(
    text: str, declared: str, named: str
) -> tuple[IdentifiedLanguage, tuple[Warning, ...]]:
    """The language of a text and warnings about it, as ``language.identify`` gives them.

    named: ISO 639 code that the page names, or "". It is evidence only: a text that is clearly in
    another language is in that one. Raises LanguageUndeterminedError if neither text nor page
    tells the language, and LanguageUnknownError for an unknown declared code.
    """
    known = named if named in language.known_languages() else ""
    if declared or not known:
        return language.identify(text, declared)
    try:
        found, warnings = language.identify(text)
    except LanguageUndeterminedError:
        message = f"the text does not tell its language; '{known}' is the one that the page names"
        uncertain = Warning(WarningType.LANGUAGE_UNCERTAIN, message)
        return IdentifiedLanguage(known, PAGE_ALONE, identified=True), (uncertain,)
    if found.code == known and found.confidence < AGREEMENT:
        warnings = tuple(
            each for each in warnings if each.type is not WarningType.LANGUAGE_UNCERTAIN
        )
        return IdentifiedLanguage(known, AGREEMENT, identified=True), warnings
    return found, warnings
