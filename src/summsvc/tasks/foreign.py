"""Output that is not in the language asked for: copied, in another script, in another language."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from itertools import pairwise

from summsvc.articles.language import guess

_WORD = re.compile(r"[^\W\d_][\w'’-]*")
_SCRIPTS = {"ru": "CYRILLIC", "lt": "LATIN", "en": "LATIN"}

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
    words, given = _WORD.findall(source), _WORD.findall(output)
    if source.casefold() == output.casefold():
        return source if _common(words) >= 2 else ""
    pairs = {pair: at for at, pair in enumerate(pairwise(words))}
    best: list[str] = []
    run: list[str] = []
    expected = -1
    for first, second in pairwise(given):
        at = pairs.get((first, second), -1)
        if at >= 0 and run and at == expected:
            run.append(second)
        else:
            run = [first, second] if at >= 0 else []
        expected = at + 1
        if len(run) > len(best):
            best = list(run)
    return " ".join(best) if len(best) >= COPIED_RUN and 2 * _common(best) > len(best) else ""


def wrong_script(output: str, target: str) -> bool:
    """Whether most letters are not of the script of ``target`` (BCP-47)."""
    script = _SCRIPTS.get(target)
    letters = [char for char in output if char.isalpha()]
    if script is None or len(letters) < LETTERS:
        return False
    return sum(_script(char) == script for char in letters) < len(letters) / 2


def wrong_language(output: str, target: str) -> str:
    """The code of the language that the output clearly is in instead of ``target``, or ""."""
    if sum(map(str.isalpha, output)) < LANGUAGE_LETTERS:
        return ""
    found, probability = guess(output)
    return found if found != target and probability >= LANGUAGE_SURE else ""


def _common(words: list[str]) -> int:
    return sum(len(word) > 1 and word[0].islower() for word in words)


@lru_cache(maxsize=4096)
def _script(char: str) -> str:
    return unicodedata.name(char, "").partition(" ")[0]
