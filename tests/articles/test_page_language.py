"""The language that a page names is evidence beside the text."""

from __future__ import annotations

import pytest

from summsvc.articles import page_language
from summsvc.errors import LanguageUndeterminedError
from summsvc.types import WarningType

ENGLISH = "The harbour opened again on Monday after a week of storms and high water."


def test_a_short_text_has_the_language_of_its_page_with_a_warning() -> None:
    found, warnings = page_language.identify("Oi, Ana!", "", "lt")
    assert (found.code, found.confidence) == ("lt", page_language.PAGE_ALONE)
    assert [warning.type for warning in warnings] == [WarningType.LANGUAGE_UNCERTAIN]


def test_a_clear_text_is_in_its_own_language() -> None:
    found, warnings = page_language.identify(ENGLISH, "", "ru")
    assert (found.code, warnings) == ("en", ())


def test_the_language_of_the_request_counts_more_than_that_of_the_page() -> None:
    found, _ = page_language.identify(ENGLISH, "en", "ru")
    assert (found.code, found.identified) == ("en", False)


@pytest.mark.parametrize("named", ["", "xx"])
def test_a_page_without_a_known_language_is_no_evidence(named: str) -> None:
    with pytest.raises(LanguageUndeterminedError):
        page_language.identify("Oi, Ana!", "", named)
