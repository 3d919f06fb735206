"""Names in a text: words written with a capital that are more than a sentence's first word."""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from summsvc.articles import sentences
from summsvc.interruption import checked
from summsvc.languages.stemming import stems, stop_words

WORD = re.compile(r"[^\W\d_](?:\.(?=[^\W\d_]\.))?(?:[^\W\d_]|\.(?=[^\W\d_]\.)|['’](?=[^\W\d_]))*")
# Speech opens after a mark; a word that quotes or brackets hold after another word may be a name.
_OPENING = re.compile(r"[:•]\W*\Z|[,.;!?…–—-]\s*[\"“”«„‘(\[]\W*\Z")
_UNSEEN = re.compile("[\u0300\u0301\u00ad]")
NOUNS_WITH_CAPITALS = frozenset(("de", "lb"))
"""Languages that write every noun with a capital: only their acronyms are taken for names."""

LOOK_BACK = 8
"""Code points before a word that tell whether it opens a sentence."""

MIN_BASE = 3
"""Letters that an ending leaves at least."""


@dataclass(frozen=True, slots=True)
class Name:
    """A word at [start, end) of a text that may be a name.

    opens: it is the first word of its sentence and could be any word.
    """

    start: int
    end: int
    word: str
    opens: bool

    @property
    def is_acronym(self) -> bool:
        return len(self.word) > 1 and self.word.isupper()


@dataclass(frozen=True, slots=True)
class _Forms:
    endings: tuple[str, ...] = ()
    least: int = MIN_BASE
    openers_alone: bool = False
    titles: frozenset[str] = frozenset()
    openers: frozenset[str] = frozenset()
    kin: dict[str, str] | None = None


@cache
def _forms(language: str) -> _Forms:
    source = files("summsvc.tasks.summarization").joinpath("names.toml").read_text("utf-8")
    entry = tomllib.loads(source).get(language)
    if entry is None:
        return _Forms()
    return _Forms(
        tuple(plain(each) for each in entry["endings"].split()),
        entry["least"],
        entry["openers_alone"],
        frozenset(entry["titles"].split()),
        frozenset(stems(entry["openers"], language)),
        {word: group.split()[0] for group in entry["kin"] for word in group.split()},
    )


def plain(word: str) -> str:
    """A word without case, stress marks, full stops, and with е for ё."""
    folded = _UNSEEN.sub("", unicodedata.normalize("NFC", word.casefold()))
    return folded.replace("ё", "е").replace("’", "'").replace(".", "")


def bases(word: str, language: str) -> set[str]:
    """What a word may be a form of; two forms of a name share one.

    Snowball's stems will not do: they make Иванов a form of Иван.
    """
    forms = _forms(language)
    folded = plain(word)
    found = {folded}
    head, mark, tail = folded.rpartition("'")
    if mark and len(head) >= MIN_BASE and len(tail) <= MIN_BASE:
        # Lukashenko's, Coale’o
        found.add(head)
    for each in list(found):
        found |= {
            each[: -len(ending)]
            for ending in forms.endings
            if each.endswith(ending)
            and len(each) - len(ending) >= (forms.least if len(ending) == 1 else MIN_BASE)
        }
    if forms.kin:
        found |= {f"={forms.kin[each]}" for each in list(found) if each in forms.kin}
    return found


def names(text: str, language: str) -> Iterator[Name]:
    """Words of a text that may be names, in text order. Linear in its length."""
    forms = _forms(language)
    unwanted = stop_words(language) | forms.titles
    only_acronyms = language in NOUNS_WITH_CAPITALS
    firsts = {
        first.start()
        for begin, end in checked(sentences.split(text, language))
        if (first := WORD.search(text, begin, end)) is not None
    }
    for match in checked(WORD.finditer(text)):
        word = match[0]
        if not word[0].isupper() or (len(word) == 1 and text[match.end() : match.end() + 1] != "."):
            continue
        before = text[max(0, match.start() - LOOK_BACK) : match.start()]
        opens = match.start() in firsts or _OPENING.search(before) is not None
        name = Name(*match.span(), word, opens)
        if word.lower() in unwanted and not name.is_acronym:
            continue
        if not (only_acronyms and not name.is_acronym):
            yield name


def is_common_opener(word: str, language: str) -> bool:
    """Whether a word often begins a sentence without being a name."""
    return not set(stems(word, language)) - _forms(language).openers


def stands_alone(language: str) -> bool:
    """Whether a first word may be taken for a name without another name after it."""
    return _forms(language).openers_alone
