"""ROUGE for any alphabet (Lin 2004, https://aclanthology.org/W04-1013).

The scores are computed by rouge-score with the tokenizer of this module, because
the tokenizer of rouge-score silently drops every letter outside a to z.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache

from rouge_score.rouge_scorer import RougeScorer

from summsvc.articles.sentences import split
from summsvc.languages.stemming import stemmer

_ALPHANUMERIC_RUN = re.compile(r"[^\W_]+")
_INVISIBLE_MARKS = re.compile("[\u0300-\u036f\u00ad]")
"""Combining accents that NFC leaves separate, and soft hyphens."""

_ROUGE_TYPES = ["rouge1", "rouge2", "rougeL", "rougeLsum"]


@dataclass(frozen=True, slots=True)
class Rouge:
    """ROUGE F1 scores, 0 to 100.

    r1: unigrams. r2: bigrams. rl: longest common subsequence of the whole text, as
    rougeL of rouge-score. rlsum: longest common subsequence per sentence, as
    rougeLsum of rouge-score and as ROUGE-L in most papers on summarization.
    """

    r1: float
    r2: float
    rl: float
    rlsum: float


def rouge(prediction: str, reference: str, language: str = "", *, stem: bool = False) -> Rouge:
    """Compute the ROUGE scores of a summary against a reference.

    language: BCP-47 code for sentence boundaries and stems; may be empty. stem:
    compare Snowball stems if the language has a stemmer; published scores for
    English use the Porter stemmer and are therefore not exactly comparable.
    A text compared with itself scores 100 (r2: 0 for a single word); a text without
    any word scores 0.
    """
    scorer = _scorer(language if stem else "")
    scores = scorer.score(
        _sentence_lines(reference, language), _sentence_lines(prediction, language)
    )
    return Rouge(*(100 * float(scores[name].fmeasure) for name in _ROUGE_TYPES))


def words(text: str) -> list[str]:
    """Return the case-folded runs of letters and digits of any alphabet.

    Accents of precomposed letters are kept (ё, й, ė, ų), stress marks and soft
    hyphens are removed. Scripts written without spaces are not segmented.
    """
    composed = unicodedata.normalize("NFC", text.casefold())
    return _ALPHANUMERIC_RUN.findall(_INVISIBLE_MARKS.sub("", composed))


class _Tokenizer:
    """Tokenizer interface of RougeScorer."""

    def __init__(self, language: str) -> None:
        self._language = language

    def tokenize(self, text: str) -> list[str]:
        stem = stemmer(self._language)
        return stem.stemWords(words(text)) if stem else words(text)


@lru_cache
def _scorer(language: str) -> RougeScorer:
    return RougeScorer(_ROUGE_TYPES, tokenizer=_Tokenizer(language))


def _sentence_lines(text: str, language: str) -> str:
    """Format a text as one sentence per line, as rougeLsum requires."""
    return "\n".join(" ".join(text[start:end].split()) for start, end in split(text, language))
