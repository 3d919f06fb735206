"""Output that is not in the language asked for: copied, in another script, in another language."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from itertools import pairwise

from summsvc.articles.language import RULED_LANGUAGES, guess, likeliest
from summsvc.interruption import checked

_WORD = re.compile(r"[^\W\d_][\w'’-]*")
_LANGUAGES = {
    "LATIN": "ca cs da de en es et eu fi fr hr hu is it lt lv ms nl no pl pt ro sk sl sq sv tr vi",
    "CYRILLIC": "be bg ru uk",
    "GREEK": "el",
    "ARABIC": "ar fa ur",
    "HEBREW": "he",
    "ARMENIAN": "hy",
    "GEORGIAN": "ka",
    "HANGUL": "ko",
    "THAI": "th",
    "DEVANAGARI": "hi mr",
}
_SCRIPTS = {code: script for script, codes in _LANGUAGES.items() for code in codes.split()}
"""Language to the first word of its letters' Unicode names; those written in one script only."""

_LETTERS = {
    "LATIN": "A-Za-z\u00c0-\u02af\u1e00-\u1eff",
    "CYRILLIC": "\u0400-\u052f",
    "GREEK": "\u0386-\u03e1",
    "ARABIC": "\u0620-\u06ff",
    "HEBREW": "\u05d0-\u05ea",
    "ARMENIAN": "\u0531-\u0587",
    "GEORGIAN": "\u10a0-\u10fa",
    "HANGUL": "\uac00-\ud7a3",
    "THAI": "\u0e01-\u0e4d",
    "DEVANAGARI": "\u0904-\u097f",
}
"""Where the letters of a script are in Unicode: only its own, if not all of them."""

_OTHER_LETTERS = {script: re.compile(rf"[^\W\d_{own}]") for script, own in _LETTERS.items()}

COPIED_RUN = 5
"""Words of the source in a row, most of them no names, that no translation leaves as they are."""

LETTERS = 12
"""Fewer letters than this tell nothing of the script."""

LANGUAGE_LETTERS = 20
LANGUAGE_SURE = 0.99
"""From so many letters, and at this probability, another language is believed."""


def copied(source: str, output: str) -> str:
    """The longest stretch that the output has copied from the source, or "".

    Short texts count when they are copied whole and hold two words that are no
    names. Linear in the lengths.
    """
    words, given = _words(source), _words(output)
    if source.casefold() == output.casefold():
        return source if _common(words) >= 2 else ""
    if len([*filter(set(words).__contains__, given)]) < COPIED_RUN:
        return ""
    pairs = {pair: at for at, pair in enumerate(pairwise(words))}
    best = range(0)
    begun, expected = 0, -1
    for i, pair in enumerate(checked(pairwise(given))):
        at = pairs.get(pair, -1)
        if at < 0 or at != expected:
            begun = i
        if at >= 0 and i + 2 - begun > len(best):
            best = range(begun, i + 2)
        expected = at + 1 if at >= 0 else -1
    run = given[best.start : best.stop]
    return " ".join(run) if len(run) >= COPIED_RUN and 2 * _common(run) > len(run) else ""


def wrong_script(source: str, output: str, target: str) -> bool:
    """Whether most letters are not of the script of ``target`` (BCP-47).

    Latin words that the source has as well, such as names of products, are left out.
    """
    script = _SCRIPTS.get(target)
    if script is None or len(_OTHER_LETTERS[script].findall(output)) <= LETTERS / 2:
        return False
    known = set(_words(source))
    letters = [
        char
        for word in checked(_words(output))
        if word not in known or _script(word[0]) != "LATIN"
        for char in word
        if char.isalpha()
    ]
    if len(letters) < LETTERS:
        return False
    return sum(_script(char) == script for char in letters) < len(letters) / 2


def wrong_language(output: str, target: str, source_language: str) -> str:
    """The code of the language that the output clearly is in instead of ``target``, or "".

    Where the target is none of those that were measured, close relatives of it
    may be taken for it, so only the source's language is believed.
    """
    if len(output) < LANGUAGE_LETTERS or likeliest(output) == target:
        return ""
    found, probability = guess(output)
    if probability < LANGUAGE_SURE:
        return ""
    believed = target in RULED_LANGUAGES or found == source_language
    return found if believed and sum(map(str.isalpha, output)) >= LANGUAGE_LETTERS else ""


def _words(text: str) -> list[str]:
    return [match[0] for match in checked(_WORD.finditer(text))]


def _common(words: list[str]) -> int:
    return sum(len(word) > 1 and word[0].islower() for word in words)


@lru_cache(maxsize=4096)
def _script(char: str) -> str:
    return unicodedata.name(char, "").partition(" ")[0]
