"""Quality check: output that is copied, in the wrong script or in the wrong language."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from itertools import pairwise

from summsvc.articles.language import guess, likeliest
from summsvc.interruption import checked, checked_matches
from summsvc.languages import registry
from summsvc.languages.defaults import SCRIPTS

_WORD = re.compile(r"[^\W\d_][\w'’-]*")
_OTHER_LETTERS = {script: re.compile(rf"[^\W\d_{own}]") for script, own in SCRIPTS.items()}

MIN_COPIED_WORDS = 5
"""Consecutive words of the source, most of them not names, that count as copied."""

MIN_SCRIPT_LETTERS = 12
"""Fewer letters do not determine the script."""

MIN_LANGUAGE_LETTERS = 20
LANGUAGE_THRESHOLD = 0.99
"""Probability from which another language is reported, for ``MIN_LANGUAGE_LETTERS`` or more."""


def copied(source: str, output: str) -> str:
    """The longest span that the output has copied from the source, or "".

    A short text counts if it is copied whole and has two words that are not names.
    Linear in the lengths.
    """
    words, given = _words(source, output)
    if source.casefold() == output.casefold():
        return source if _common(words) >= 2 else ""
    if len([*filter(set(words).__contains__, given)]) < MIN_COPIED_WORDS:
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
    return " ".join(run) if len(run) >= MIN_COPIED_WORDS and 2 * _common(run) > len(run) else ""


def wrong_script(source: str, output: str, target: str) -> bool:
    """Whether most letters are not of the script of ``target`` (BCP-47).

    Latin words that the source has too, such as names of products, are ignored.
    """
    script = registry.current().get(target).script
    if not script or len(_OTHER_LETTERS[script].findall(output)) <= MIN_SCRIPT_LETTERS / 2:
        return False
    words, given = _words(source, output)
    known = set(words)
    letters = [
        char
        for word in checked(given)
        if word not in known or _script(word[0]) != "LATIN"
        for char in word
        if char.isalpha()
    ]
    if len(letters) < MIN_SCRIPT_LETTERS:
        return False
    return sum(_script(char) == script for char in letters) < len(letters) / 2


def wrong_language(output: str, target: str, source_language: str) -> str:
    """The code of the language of the output if it clearly is not ``target``, else "".

    For a target without a language file, only the source's language is reported:
    the detector may mistake the target for a closely related language.
    """
    if len(output) < MIN_LANGUAGE_LETTERS or likeliest(output) == target:
        return ""
    found, probability = guess(output)
    if probability < LANGUAGE_THRESHOLD:
        return ""
    believed = target in registry.current().codes or found == source_language
    return found if believed and sum(map(str.isalpha, output)) >= MIN_LANGUAGE_LETTERS else ""


def _words(source: str, output: str) -> tuple[list[str], list[str]]:
    words, given = checked_matches(_WORD, source), checked_matches(_WORD, output)
    return [match[0] for match in words], [match[0] for match in given]


def _common(words: list[str]) -> int:
    return sum(len(word) > 1 and word[0].islower() for word in words)


@lru_cache(maxsize=4096)
def _script(char: str) -> str:
    return unicodedata.name(char, "").partition(" ")[0]
