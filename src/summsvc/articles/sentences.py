"""Sentence boundaries of a block, by rules made for English, Russian and Lithuanian.

Other languages get the rules without the lists. One pass over the places where
a sentence may end; each is decided by a bounded look around it, so the time is
linear in the length of the text.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files

from summsvc.articles.view import STEP, says_something

_CLOSERS = "\"'”’»›)]}“‟"
_OPENERS = "\"'„“«‹([{‘”¿¡"
_END = re.compile(
    rf"(?P<mark>(?:[.!?…‽]|[!?]\uFE0F)+|[。！？]+)(?P<close>[{re.escape(_CLOSERS)}]*)"
    # A footnote's number, or a closing quote or bracket that stands apart.
    rf"(?P<note>(?:\s?\[\d{{1,3}}\])*(?:\s[{re.escape(_CLOSERS)}](?=\s))?)(?P<gap>\s+|(?<=[。！？]))"
)
_MARK = re.compile("[.!?…‽。！？]")
"""What ``_END`` begins with."""

_RUN = re.compile("(?:[!?]\ufe0f|[.!?…‽])++")
_WORD_BEFORE = re.compile(r"[^\s\"'„“”«»‹›(){}\[\]‘’,;:!?…/]*\Z")
_NEXT = re.compile(
    rf"(?P<open>[{re.escape(_OPENERS)}]*)(?P<dash>[-–—]{{0,2}})\s*(?P<word>[\w'’-]{{0,40}})"
)
_SPACED_PART = re.compile(r"(?<![^\W\d_])([^\W\d_]{1,4})\.\s?\Z")
_GOES_ON = frozenset(",/)]}»%")
"""What never begins a sentence."""

_COMPANIES = frozenset(("inc", "corp", "ltd", "co"))
_LIST_NUMBER = re.compile(r"\s*(?:\d{1,3}(?:\.\d{1,3})*|[a-zA-Zа-яА-Я]|[ivxlcIVXLC]{1,6})\Z")
_DOTTED = re.compile(r"(?:[^\W\d_]{1,4}\.-?)+[^\W\d_]{1,4}\Z")
_AFTER_NUMBER = re.compile(r"(?:\b\d[\w.,/–-]*|\b[IVXLCМХ]+)\s*\Z")
_NUMBER = re.compile(r"\s*(?:[\d№]|[IVXLC]{2,}\b|[VX]\b)")

_LATIN_IN_RU = "ru-Latn"

LOOK_BACK = 48
"""Code points before a full stop that may tell what it belongs to."""


@dataclass(frozen=True, slots=True)
class _Words:
    """The lists of abbreviations.toml for one language."""

    before: frozenset[str] = frozenset()
    titles: frozenset[str] = frozenset()
    number: frozenset[str] = frozenset()
    units: frozenset[str] = frozenset()
    dates: frozenset[str] = frozenset()
    hours: frozenset[str] = frozenset()
    either: frozenset[str] = frozenset()
    starters: frozenset[str] = frozenset()
    leads: frozenset[str] = frozenset()
    clauses: frozenset[str] = frozenset()
    followers: frozenset[str] = frozenset()


_NO_WORDS = _Words()


@cache
def _words() -> dict[str, _Words]:
    source = files("summsvc.articles").joinpath("abbreviations.toml").read_text("utf-8")
    by_language = {
        language: _Words(**{name: frozenset(words.split()) for name, words in lists.items()})
        for language, lists in tomllib.loads(source).items()
    }
    english, russian = by_language["en"], by_language["ru"]
    by_language[_LATIN_IN_RU] = replace(english, starters=english.starters | russian.starters)
    return by_language


@dataclass(frozen=True, slots=True)
class _Stop:
    """A full stop that may be an abbreviation's, and what is around it.

    token: the word it ends. word: the next one, at ``after``. sentence: the
    code points before the token, from the sentence's begin (at_begin) but at
    most LOOK_BACK. dashed: a dash stands before the next word.
    """

    text: str
    token: str
    word: str
    after: int
    sentence: str
    at_begin: bool
    dashed: bool


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
    for match in _punctuation(text):
        end = match.end("note")
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


def _punctuation(text: str) -> Iterator[re.Match[str]]:
    """What ``_END`` finds, in time linear in the text and a step at a time.

    Where it does not match at the first of a row of marks it does at none of them.
    """
    at = 0
    while at < len(text):
        mark = _MARK.search(text, at, at + STEP)
        if mark is None:
            at += STEP
        elif match := _END.match(text, mark.start()):
            yield match
            at = match.end()
        else:
            run = _RUN.match(text, mark.start())
            at = run.end() if run else mark.end()


def _ends(text: str, begin: int, match: re.Match[str], words: _Words) -> bool:
    """Whether a sentence that began at ``begin`` ends at this punctuation."""
    following = _NEXT.match(text, match.end())
    assert following is not None
    word = following["word"]
    if word[:1].islower() and not word[1:2].isupper():
        # "Viskas?" paklausė jis. / «Да!» — сказал он. / и т. д. и т. п.
        return False
    if not following[0] and text[match.end()] in _GOES_ON:
        return False
    if match["mark"] != "." or match["close"]:
        # Yahoo! Inc.
        is_name = word.lower() in _COMPANIES and text[following.end() : following.end() + 1] == "."
        return not (is_name and match["mark"] in "!?" and not match["close"])
    low = max(begin, match.start() - LOOK_BACK)
    before = _WORD_BEFORE.search(text, low, match.start())
    token = before[0] if before else ""
    if not token:
        return True
    if match.start() - begin <= 8 and _LIST_NUMBER.match(text, begin, match.start()):
        return False
    if len(token) > 1 and token.isalpha() and token.isupper():
        # An acronym: "ОК." is not "ок."; but "GEN. SMITH" in a line of capitals.
        titles = words.before | words.titles
        return not (len(word) > 1 and word.isupper() and token.lower() in titles)
    if token.isascii() and token[0].isalpha() and words is _words()["ru"]:
        # A name in Latin letters: "Six Flags St. Louis".
        words = _words()[_LATIN_IN_RU]
    sentence = text[low : match.start() - len(token)]
    stop = _Stop(
        text, token, word, following.start("word"), sentence, low == begin, bool(following["dash"])
    )
    return not _continues(stop, words)


def _continues(stop: _Stop, words: _Words) -> bool:
    """Whether the full stop is only the abbreviation's own."""
    token, word = stop.token, stop.word
    key = token.lower().lstrip("-–—")
    is_initial = len(word) == 1 and stop.text[stop.after + 1 : stop.after + 2] == "."
    starts = word.lower() in words.starters and not is_initial
    letters = token.rpartition(".")[2].lstrip("-")
    if len(token) == 1 and token.isupper():
        # An initial, unless the letter is a word of its own: "plan B. The", "So do I."
        return is_initial or not (starts or (token == "I" and bool(words.titles)))
    name = _spaced_abbreviation(stop.sentence, key)
    if name not in words.before | words.units:
        name = key
    if name in words.units and (
        name not in words.before | words.titles or _AFTER_NUMBER.search(stop.sentence) is not None
    ):
        return _NUMBER.match(stop.text, stop.after) is not None or (
            not starts
            and (
                word.lower() in words.followers
                or stop.dashed
                or (name in words.hours and _is_placed(stop))
                or (name in words.dates and _is_date_only(stop, words))
            )
        )
    if name in words.before:
        return not (key == "пр" and stop.sentence.endswith(" и "))
    if name in words.titles:
        return token[0].isupper()
    if name in words.number:
        return _NUMBER.match(stop.text, stop.after) is not None
    if name in words.either or _DOTTED.match(token):
        return not starts
    return len(letters) == 1 and letters.isupper() and not starts


def _is_date_only(stop: _Stop, words: _Words) -> bool:
    """Whether the clause has only got as far as a date: "В 2024 г." or "…, kai 2020 m.".

    In Lithuanian also when a name in the locative or genitive follows the date:
    "2024 m. Vilniuje", "2024 m. Lietuvos".
    """
    tokens = stop.sentence.split()
    if not (tokens and _AFTER_NUMBER.fullmatch(tokens.pop())):
        return False
    if words is _words()["lt"] and _is_placed(stop):
        return True
    if tokens and tokens[-1].lower() in words.leads:
        tokens.pop()
    elif len(tokens) > 1 and tokens[-2].lower() in words.leads:
        del tokens[-2:]
    if tokens and tokens[-1].lower() in words.leads:
        tokens.pop()
    if not tokens:
        return stop.at_begin
    return tokens[-1].lower() in words.clauses or tokens[-1][-1] in ",;:–—("


def _is_placed(stop: _Stop) -> bool:
    """Whether a Lithuanian name in the locative, or the genitive of one, follows a number."""
    return (
        len(stop.word) > 4
        and stop.word.endswith(("e", "os"))
        and _AFTER_NUMBER.search(stop.sentence) is not None
    )


def _spaced_abbreviation(sentence: str, key: str) -> str:
    """The abbreviation with the part before it when written apart: "т. е", "t. y"."""
    if len(key) > 4:
        return key
    before = _SPACED_PART.search(sentence, max(0, len(sentence) - 8))
    return f"{before[1].lower()}.{key}" if before else key
