"""ROUGE for any alphabet (Lin 2004, https://aclanthology.org/W04-1013).

The counting is rouge-score's, the words are ours: its own tokenizer takes only
a to z for letters and drops all others without a word.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache

from rouge_score.rouge_scorer import RougeScorer

from summsvc.articles.sentences import split
from summsvc.languages.stemming import stemmer

_WORD = re.compile(r"[^\W_]+")
_UNSEEN = re.compile("[\u0300-\u036f\u00ad]")
_TYPES = ["rouge1", "rouge2", "rougeL", "rougeLsum"]


@dataclass(frozen=True, slots=True)
class Rouge:
    """F1 from 0 to 100: of words, of pairs of words, of the longest common subsequence.

    rl: over the whole text, as rouge-score's rougeL. rlsum: sentence by sentence,
    as its rougeLsum and as ROUGE-L in most papers on summaries.
    """

    r1: float
    r2: float
    rl: float
    rlsum: float


def rouge(prediction: str, reference: str, language: str = "", *, stem: bool = False) -> Rouge:
    """Compare a summary with the one that a person wrote.

    A text compared with itself has 100 in everything, but 0 in r2 when it is a
    single word; a text without any word has 0. language: BCP-47, for the ends of
    sentences and for stems; may be empty. stem: compare Snowball stems, where
    the language has a stemmer; published figures for English use the Porter
    stemmer, so they are not comparable to the digit.
    """
    scorer = _scorer(language if stem else "")
    scores = scorer.score(_lines(reference, language), _lines(prediction, language))
    return Rouge(*(100 * float(scores[each].fmeasure) for each in _TYPES))


def words(text: str) -> list[str]:
    """Runs of letters and digits of any alphabet, without case.

    Accents that a letter has as its own stay (ё, й, ė, ų), stress marks and soft
    hyphens go. Scripts written without spaces are not divided.
    """
    composed = unicodedata.normalize("NFC", text.casefold())
    return _WORD.findall(_UNSEEN.sub("", composed))


class _Tokenizer:
    """What RougeScorer asks for words."""

    def __init__(self, language: str) -> None:
        self._language = language

    def tokenize(self, text: str) -> list[str]:
        stem = stemmer(self._language)
        return stem.stemWords(words(text)) if stem else words(text)


@lru_cache
def _scorer(language: str) -> RougeScorer:
    return RougeScorer(_TYPES, tokenizer=_Tokenizer(language))


def _lines(text: str, language: str) -> str:
    """One sentence a line, as rougeLsum wants it."""
    return "\n".join(" ".join(text[a:b].split()) for a, b in split(text, language))
