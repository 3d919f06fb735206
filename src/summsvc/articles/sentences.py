"""Sentence boundaries of a block, by rules made for English, Russian and Lithuanian.

Other languages get the rules without the lists. One pass over the places where
a sentence may end; each is decided by a bounded look around it, so the time is
linear in the length of the text.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from summsvc.articles.view import says_something

_CLOSERS = "\"'”’»›)]}“‟"
_OPENERS = "\"'„“«‹([{‘”¿¡"
_END = re.compile(
    rf"(?P<mark>(?:[.!?…‽]|[!?]\uFE0F)+|[。！？]+)(?P<close>[{re.escape(_CLOSERS)}]*)(?P<gap>\s+|(?<=[。！？]))"
)
_WORD_BEFORE = re.compile(r"[^\s\"'„“”«»‹›(){}\[\]‘’,;:!?…/]*\Z")
_NEXT = re.compile(
    rf"(?P<open>[{re.escape(_OPENERS)}]*)(?P<dash>[-–—]?)\s*(?P<word>[\w'’-]{{0,40}})"
)
_LIST_NUMBER = re.compile(r"\s*(?:\d{1,3}|[a-zA-Zа-яА-Я]|[ivxlcIVXLC]{1,6})\Z")
_DOTTED = re.compile(r"(?:[^\W\d_]{1,4}\.)+[^\W\d_]{1,4}\Z")

LOOK_BACK = 48
"""Code points before a full stop that may tell what it belongs to."""


@dataclass(frozen=True, slots=True)
class _Words:
    before: frozenset[str]
    either: frozenset[str]
    starters: frozenset[str]


@cache
def _words() -> dict[str, _Words]:
    source = files("summsvc.articles").joinpath("abbreviations.toml").read_text("utf-8")
    return {
        language: _Words(**{name: frozenset(words.split()) for name, words in lists.items()})
        for language, lists in tomllib.loads(source).items()
    }


_NO_WORDS = _Words(frozenset(), frozenset(), frozenset())


def split(text: str, language: str) -> Iterator[tuple[int, int]]:
    """Yield [begin, end) of each sentence in a block's visible text, in order.

    White space between sentences belongs to none; nothing else is left out.
    What has no letter or digit ("…", an emoji) goes with the sentence before
    it, or after it at the start. language: BCP-47.
    """
    words = _words().get(language, _NO_WORDS)
    begin = len(text) - len(text.lstrip())
    looked = begin
    says = False
    held: tuple[int, int] | None = None
    for match in _END.finditer(text):
        end = match.end("close")
        if end <= begin or match.end() == len(text) or not _ends(text, begin, match, words):
            continue
        says = says or says_something(text[looked:end])
        looked = end
        if says:
            if held:
                yield held
            held = begin, end
        elif held:
            held = held[0], end
        else:
            continue
        begin, says = match.end(), False
    last = len(text.rstrip())
    if held and not says_something(text[begin:last]):
        held = held[0], max(last, held[1])
    elif held:
        yield held
        held = begin, last
    elif last > begin:
        held = begin, last
    if held:
        yield held


def _ends(text: str, begin: int, match: re.Match[str], words: _Words) -> bool:
    """Whether a sentence that began at ``begin`` ends at this punctuation."""
    following = _NEXT.match(text, match.end())
    assert following is not None
    word = following["word"]
    first = word[:1]
    if first.islower():
        # "Viskas?" paklausė jis. / «Да!» — сказал он. / и т. д. и т. п.
        return False
    if match["mark"] != "." or match["close"]:
        return True
    before = _WORD_BEFORE.search(text, max(begin, match.start() - LOOK_BACK), match.start())
    token = before[0] if before else ""
    if not token:
        return True
    if match.start() - begin <= 8 and _LIST_NUMBER.match(text, begin, match.start()):
        return False
    return not _continues(text, match, token, word, words)


def _continues(text: str, match: re.Match[str], token: str, word: str, words: _Words) -> bool:
    """Whether the full stop after ``token`` is the abbreviation's own."""
    key = token.lower().lstrip("-–—")
    spaced = _spaced_abbreviation(text, match.start(), key)
    if key in words.before or spaced in words.before:
        return True
    starts = word.lower() in words.starters
    if key in words.either or spaced in words.either or _DOTTED.match(token):
        number_first = word[:1].isdigit() or not word
        return not starts if not number_first else True
    letters = token.rpartition(".")[2] if "." in token else token
    if len(letters) == 1 and letters.isalpha() and letters.isupper():
        # An initial, unless the letter is a word of its own: "plan B. The", "I".
        return not (starts or letters == "I")
    return False


def _spaced_abbreviation(text: str, stop: int, key: str) -> str:
    """The abbreviation with the part before it when written apart: "т. е", "t. y"."""
    if len(key) > 4:
        return key
    before = re.search(
        r"([^\W\d_]{1,4})\.\s?\Z", text[max(0, stop - len(key) - 8) : stop - len(key)]
    )
    return f"{before[1].lower()}.{key}" if before else key
