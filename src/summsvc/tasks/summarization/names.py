"""Name detection: capitalised words, with the inflected forms of names by language."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache

from summsvc.articles import sentences
from summsvc.interruption import checked
from summsvc.languages import registry
from summsvc.languages.stemming import stems, stop_words

WORD = re.compile(r"[^\W\d_](?:\.(?=[^\W\d_]\.))?(?:[^\W\d_]|\.(?=[^\W\d_]\.)|['’](?=[^\W\d_]))*")
# Quoted speech begins after a punctuation mark; a word in quotes or brackets after another
# word may be a name.
_OPENING = re.compile(r"[:•]\W*\Z|[,.;!?…–—-]\s*[\"“”«„‘(\[]\W*\Z")
_UNSEEN = re.compile("[\u0300\u0301\u00ad]")

OPENING_CONTEXT = 8
"""Code points before a word that are inspected to decide whether it opens a sentence."""

MIN_BASE_LETTERS = 3
"""Letters that remain at least when an ending is removed."""


@dataclass(frozen=True, slots=True)
class Name:
    """A word at [start, end) of a text that may be a name.

    opens: it is the first word of a sentence, and so may be capitalised for that reason.
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
    """The table ``names`` of a language, prepared for lookups.

    openers: stems. kin: word to the first word of its group. See ``languages.language.Names``.
    """

    endings: tuple[str, ...]
    least: int
    openers_alone: bool
    titles: frozenset[str]
    openers: frozenset[str]
    kin: Mapping[str, str]
    capitalised_nouns: bool


def _forms(language: str) -> _Forms:
    return _forms_of(registry.current(), language)


@lru_cache(maxsize=256)
def _forms_of(languages: registry.Registry, language: str) -> _Forms:
    entry = languages.get(language).names
    return _Forms(
        tuple(map(plain, entry.endings)),
        entry.least,
        entry.openers_alone,
        entry.titles,
        frozenset(stems(" ".join(entry.openers), language)),
        {word: group[0] for group in entry.kin for word in group},
        entry.capitalised_nouns,
    )


@lru_cache(maxsize=8)
def _folds(languages: registry.Registry) -> tuple[tuple[str, str], ...]:
    """Letters and marks, each with what it is compared as."""
    folds = {"’": "'", ".": ""}
    for language in languages.all():
        folds |= language.names.letter_folds
    return tuple(folds.items())


def plain(word: str) -> str:
    """A word in lower case, without stress marks and full stops, and with letters folded."""
    folded = _UNSEEN.sub("", unicodedata.normalize("NFC", word.casefold()))
    # Faster than str.translate for the few folds there are.
    for letter, other in _folds(registry.current()):
        folded = folded.replace(letter, other)
    return folded


def bases(word: str, language: str) -> set[str]:
    """The base forms that a word may be derived from; two forms of a name share one.

    Snowball stems are not usable here: they make Иванов a form of Иван.
    """
    forms = _forms(language)
    folded = plain(word)
    found = {folded}
    head, mark, tail = folded.rpartition("'")
    if mark and len(head) >= MIN_BASE_LETTERS and len(tail) <= MIN_BASE_LETTERS:
        # Lukashenko's, Coale’o
        found.add(head)
    for form in list(found):
        found |= {
            form[: -len(ending)]
            for ending in forms.endings
            if form.endswith(ending)
            and len(form) - len(ending) >= (forms.least if len(ending) == 1 else MIN_BASE_LETTERS)
        }
    found |= {f"={forms.kin[form]}" for form in list(found) if form in forms.kin}
    return found


def names(text: str, language: str) -> Iterator[Name]:
    """The words of a text that may be names, in text order. Linear in its length."""
    forms = _forms(language)
    unwanted = stop_words(language) | forms.titles
    firsts = {
        first.start()
        for begin, end in checked(sentences.split(text, language))
        if (first := WORD.search(text, begin, end)) is not None
    }
    for match in checked(WORD.finditer(text)):
        word = match[0]
        if not word[0].isupper() or (len(word) == 1 and text[match.end() : match.end() + 1] != "."):
            continue
        before = text[max(0, match.start() - OPENING_CONTEXT) : match.start()]
        opens = match.start() in firsts or _OPENING.search(before) is not None
        name = Name(*match.span(), word, opens)
        if word.lower() in unwanted and not name.is_acronym:
            continue
        if name.is_acronym or not forms.capitalised_nouns:
            yield name


def is_common_opener(word: str, language: str) -> bool:
    """Whether a word often begins a sentence without being a name."""
    return not set(stems(word, language)) - _forms(language).openers


def stands_alone(language: str) -> bool:
    """Whether a sentence's first word may be a name if no other name follows it."""
    return _forms(language).openers_alone
