"""Signs that a text is no running text of the language that a detector gives.

A detector compares n-grams and is as sure of a list of names or of transliterated Russian as of
an article. Running text has function words (here the language's stop words), mostly words in lower
case, few figures and symbols, and the accented letters of its language.
"""

from __future__ import annotations

import re
from functools import lru_cache

from summsvc.interruption import checked_matches
from summsvc.languages import registry
from summsvc.languages.letters import to_latin

ACCENTED = frozenset("az cs hr hu is lv pl ro sk sl sq tr vi".split())
"""ISO 639-1 codes of languages that write 3 of 100 letters or more outside ASCII. Detectors take
transliterated Russian for one of them. Lithuanian is missing: without its accents it is taken
for nothing else, and nothing else for it."""

MIN_ACCENTED_LETTERS = 20
MIN_WORDS = 6
"""Fewer words and figures than these, or letters, tell nothing."""

USUAL_FUNCTION_WORDS = 0.28
"""Share of words of running text that are stop words, in English, Russian and Lithuanian news at
least; measured on 285 articles of the test pages of flairNLP/fundus, adbar/trafilatura and
scrapinghub/article-extraction-benchmark."""

FEW_FUNCTION_WORDS = 0.12
"""Less than 1% of those articles have a lower share."""

MIN_STOP_WORDS = 80
"""A shorter list of stop words does not have most function words."""

MIN_LOWER_CASE = 0.3
"""Least share of words in lower case; German has the fewest, two thirds at the median."""

MAX_FIGURES = 0.4
"""Share of figures among words and figures."""

MAX_SYMBOLS = 0.04
"""Share of symbols of code among characters that are not white space."""

_WORD = re.compile(r"[^\W\d_]+")
_FIGURE = re.compile(r"\d[\d.,:]*")
_SYMBOL = re.compile(r"[{}<>=;|\\^~`$#_\[\]+]|::|\w\(")
_SPACE = re.compile(r"\s+")


def doubt(text: str, code: str) -> str:
    """Why a text is hardly running text in a language; "" if it may be.

    text: the start of an article. code: the language that it looks like.
    """
    words = [match[0] for match in checked_matches(_WORD, text)]
    letters = sum(map(len, words))
    if code in ACCENTED and text.isascii() and letters >= MIN_ACCENTED_LETTERS:
        return "has no accented letter, like a transliteration"
    figures = sum(1 for _ in checked_matches(_FIGURE, text))
    if len(words) + figures < MIN_WORDS:
        return ""
    inked = len(_SPACE.sub("", text))
    if sum(1 for _ in checked_matches(_SYMBOL, text)) > MAX_SYMBOLS * inked:
        return "has as many symbols as code"
    lacks = _lacks_function_words(words, code)
    if lacks is not False and figures > MAX_FIGURES * (len(words) + figures):
        return "is mostly figures"
    lower = sum(word[0].islower() for word in words)
    cased = sum(word[0].isupper() for word in words)
    if lacks is not False and lower < MIN_LOWER_CASE * len(words) and cased > len(words) / 2:
        return "looks like a list of names or titles"
    if lacks and len(words) >= _words_to_tell():
        return "has hardly any of the short words that sentences have"
    return ""


def _lacks_function_words(words: list[str], code: str) -> bool | None:
    """Whether few of the words are function words; None if those of the language are unknown."""
    known = _function_words(registry.current(), code)
    if not known:
        return None
    found = sum(word.lower() in known for word in words)
    return found < FEW_FUNCTION_WORDS * len(words)


def _words_to_tell() -> int:
    """Words of which so few are function words by chance less often than 1 time in 500."""
    spread = USUAL_FUNCTION_WORDS * (1 - USUAL_FUNCTION_WORDS)
    return round(9 * spread / (USUAL_FUNCTION_WORDS - FEW_FUNCTION_WORDS) ** 2)


@lru_cache(maxsize=64)
def _function_words(languages: registry.Registry, code: str) -> frozenset[str]:
    """The stop words of a language, also without their accents."""
    known = languages.get(code).stop_words
    if len(known) < MIN_STOP_WORDS:
        return frozenset()
    return known | {word.translate(to_latin()) for word in known}
