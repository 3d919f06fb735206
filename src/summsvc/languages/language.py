"""Format of a language file: one dataclass per table, one field per key.

``languages/en.toml`` describes English; the name of the file is the ISO 639 code.
Each table and each key may be missing: then the language has no such rules, and
``defaults`` supplies script and stemmer. An unknown key is an error. Lists of
words are strings, separated by white space, in lower case.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from pydantic import StrictBool, StrictInt, StrictStr

from summsvc.languages.noise import Noise
from summsvc.languages.table import Table
from summsvc.languages.values import (
    DecadePatterns,
    Groups,
    LetterFolds,
    LetterSet,
    LowerPhrases,
    Months,
    Patterns,
    Phrases,
    QuotationMarks,
    Script,
    Transliteration,
    Valued,
    WordBeginnings,
    Words,
    WordSet,
)

NO_WORDS: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Abbreviations(Table):
    """Table ``abbreviations``: words whose full stop need not end a sentence.

    Abbreviations stand without their last full stop. One in several parts is
    written without spaces: "т.е" also matches "т. е.".

    before: always followed by more of the sentence (a name, a street).
    titles: the same if capitalised ("Dr."); else an ordinary word.
    number: the same if a number follows ("No. 7"); else an ordinary word.
    units: ends the sentence if a capitalised word follows, unless the sentence has
        only a date so far. Words also in ``before`` or ``titles`` are units only
        after a number.
    dates: units that date something: a sentence that has only a date so far goes
        on ("В 2024 г. Банк").
    hours: units that a place name may follow ("10 val. Seime").
    either: ends the sentence if one of ``starters`` follows.
    starters: words that, capitalised after an abbreviation, begin a sentence.
    leads: words that may stand before the number in a date ("In May 2024").
    clauses: words after which a clause, and so such a date, may begin.
    followers: capitalised words that continue a sentence after a unit.
    place_endings: endings of place names that may follow a date or an hour, in
        words of five letters or more ("2024 m. Vilniuje").
    list_endings: phrases whose last word is in ``before`` but which end a list,
        and so may end a sentence ("и пр").
    lettered: words that a capital letter follows as a name ("plan B"), so that its full
        stop may end a sentence; with a trailing * all words that begin so.
    words_of_one_letter: capital letters that are words ("I") and so no initials.
    latin_words_from: code of the language whose lists apply to abbreviations in
        Latin letters, in a text of another script; ``starters`` of both apply.
    companies: abbreviations of legal forms, for names like "Yahoo! Inc."; they
        apply to texts in all languages.
    """

    before: WordSet = NO_WORDS
    titles: WordSet = NO_WORDS
    number: WordSet = NO_WORDS
    units: WordSet = NO_WORDS
    dates: WordSet = NO_WORDS
    hours: WordSet = NO_WORDS
    either: WordSet = NO_WORDS
    starters: WordSet = NO_WORDS
    leads: WordSet = NO_WORDS
    clauses: WordSet = NO_WORDS
    followers: WordSet = NO_WORDS
    place_endings: Words = ()
    list_endings: Phrases = ()
    lettered: WordBeginnings = NO_WORDS
    words_of_one_letter: LetterSet = NO_WORDS
    latin_words_from: StrictStr = ""
    companies: WordSet = NO_WORDS


@dataclass(frozen=True, slots=True)
class Clauses(Table):
    """Table ``clauses``: words that begin a clause, where a long sentence may be split.

    Both lists apply to texts in all languages.

    after_comma: words that begin a clause after a comma; with a trailing * all words
        that begin so ("котор*").
    without_comma: words that begin a clause, or join two, even without a comma.
    """

    after_comma: WordBeginnings = NO_WORDS
    without_comma: WordBeginnings = NO_WORDS


@dataclass(frozen=True, slots=True)
class Numerals(Table):
    """Table ``numerals``: how numbers are written.

    Keys of pairs hold ``[number, "words"]``.

    values: pairs: the forms of number words in running text. A form that usually
        means something else is left out.
    hundred: words that multiply the value before them by 100.
    and_word: the word that joins parts of a number ("two hundred and five").
    loose: words of ``values`` that often are no claim about a number ("one of them").
    stems: pairs: stems of further words that may stand for a number in a
        translation (ordinals, "twice", "dozen"); with a trailing $ the whole word, with
        a trailing - only with an ending or a second part.
    fractions: pairs: denominators of unit fractions ("half": 2), with stems as for ``stems``.
    half_prefixes: what stands before a scale in one word for half of it ("полмиллиона").
    one_and_a_half: regular expressions for 1.5 in words.
    months: stems of the names of the twelve months, in order; | between several of
        one month.
    endings: what may follow a stem of ``stems`` or ``months``. If there are none, a
        stem stands for all words that begin with it.
    parts: beginnings of words that form a compound with a stem ("двух" + "этажный").
    scales: pairs: words for powers of ten after a number ("million"); they apply
        to texts in all languages, as do the next seven keys.
    scale_suffixes: pairs: scales that follow the digits without a space ("5m") and
        may also be a unit of measurement.
    range_words: words between the two numbers of a range ("3 to 5 million").
    afternoon: marks after a time that add 12 hours ("p.m").
    morning: marks after a time of which 12 is 0 hours ("a.m").
    twelve: words that mean 12 or 0 hours ("noon", "midnight").
    round_year_endings: regular expressions for what follows the last 0 of a decade
        ("1990s": "s").
    decades: regular expressions for decades that are counted within a century, with
        the groups ``century`` (Roman numeral) and ``decade`` (digits).
    """

    values: Valued = ()
    hundred: WordSet = NO_WORDS
    and_word: StrictStr = ""
    loose: WordSet = NO_WORDS
    stems: Valued = ()
    fractions: Valued = ()
    half_prefixes: Words = ()
    one_and_a_half: Patterns = ()
    months: Months = ()
    endings: Words = ()
    parts: Words = ()
    scales: Valued = ()
    scale_suffixes: Valued = ()
    range_words: Words = ()
    afternoon: Phrases = ()
    morning: Phrases = ()
    twelve: WordSet = NO_WORDS
    round_year_endings: Patterns = ()
    decades: DecadePatterns = ()


@dataclass(frozen=True, slots=True)
class Names(Table):
    """Table ``names``: what distinguishes a name from another capitalised word.

    endings: endings of inflected names and of adjectives made from them.
    least: letters that remain at least when an ending of one letter is removed;
        three when a longer ending is removed.
    titles: words that are capitalised before names but are not part of them.
    acronyms: acronyms that keep their capitals where a text in capitals is rewritten in
        sentence case; those without a vowel need no entry.
    openers: words that often begin a sentence of news and are not names; any
        inflected form counts.
    openers_alone: whether a capitalised first word of a sentence may be a name if
        no other name follows it. False suits languages with many inflected forms,
        where no list of openers is long enough; ``python -m bench.quality.support --conllu``
        counts.
    kin: array of strings: words that stand for one name but differ too much in
        their letters ("france french").
    letter_folds: letters that are compared as equal, from one to the other
        ("ё" = "е"), in names and in glossary terms; they apply to texts in all languages.
    capitalised_nouns: whether each noun is capitalised; then only acronyms count
        as names.
    """

    endings: Words = ()
    least: StrictInt = 3
    titles: WordSet = NO_WORDS
    acronyms: WordSet = NO_WORDS
    openers: Words = ()
    openers_alone: StrictBool = False
    kin: Groups = ()
    letter_folds: LetterFolds = field(default_factory=dict)
    capitalised_nouns: StrictBool = False


@dataclass(frozen=True, slots=True)
class References(Table):
    """Table ``references``: beginnings of sentences that refer to the sentence before.

    An extractive summary has such a sentence only directly after the one it refers to.

    pronouns: personal and possessive pronouns ("he", "his").
    demonstratives: words that refer back alone or before a noun ("this", "this move").
    prepositions: words that may stand before a demonstrative ("after this").
    not_after: words that may follow a demonstrative that does not refer back, such as
        units of time ("this week") and relative pronouns ("those who", "те, кто").
    connectives: array of phrases that join a sentence to the one before ("however",
        "in addition").
    """

    pronouns: WordSet = NO_WORDS
    demonstratives: WordSet = NO_WORDS
    prepositions: WordSet = NO_WORDS
    not_after: WordSet = NO_WORDS
    connectives: LowerPhrases = ()


@dataclass(frozen=True, slots=True)
class UsualLength(Table):
    """Table ``lengths.<target>``: the usual length of a translation into ``target``.

    Written by ``python -m bench.quality.guards --write``. The logarithm of the output's
    length is ``offset + slope * log(length of the source)``; its variance is
    ``fixed + falling / length``. limit: standard deviations that are still usual.
    """

    offset: float
    slope: float
    fixed: float
    falling: float
    limit: float

    def bounds(self, length: int) -> tuple[float, float]:
        """Lowest and highest usual ratio for a source of so many code points."""
        middle = self.offset + (self.slope - 1) * math.log(length)
        spread = self.limit * math.sqrt(self.fixed + self.falling / length)
        return math.exp(middle - spread), math.exp(middle + spread)


@dataclass(frozen=True, slots=True)
class Language(Table):
    """A whole language file.

    script: Unicode script, a key of ``defaults.SCRIPTS``; empty: not checked.
    stemmer: name of a Snowball stemmer ("english"); empty: words are not stemmed.
    stop_words: words without information about a text's subject.
    quotation_marks: the two marks around a quotation and the two around a quotation
        inside it, as one string; they stand for the tags of HTML's ``q`` elements.
    calls_to_action: regular expressions for sentences that point to other pages
        instead of reporting ("read more"). A sentence that contains a match is ranked
        last in an extractive summary. They apply to texts in all languages. Bound
        repetitions as in ``noise``.
    transliteration: letters to the Latin letters a to z that stand for them, both in
        lower case, to recognize a word in another alphabet ("ж" = "z"). Similar letters
        may share one. It applies to texts in all languages; where two files
        disagree about a letter, the code that sorts last decides.
    lengths: usual lengths of translations from this language, by target.
    """

    script: Script = ""
    stemmer: StrictStr = ""
    stop_words: WordSet = NO_WORDS
    quotation_marks: QuotationMarks = "“”‘’"
    calls_to_action: Patterns = ()
    transliteration: Transliteration = field(default_factory=dict)
    abbreviations: Abbreviations = field(default_factory=Abbreviations)
    clauses: Clauses = field(default_factory=Clauses)
    noise: Noise = field(default_factory=Noise)
    numerals: Numerals = field(default_factory=Numerals)
    names: Names = field(default_factory=Names)
    references: References = field(default_factory=References)
    lengths: Mapping[str, UsualLength] = field(default_factory=dict)
