"""The metrics of both tasks, text by text, so that they can be drawn anew."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version

import numpy as np
from sacrebleu.metrics.base import Metric as SacrebleuMetric
from sacrebleu.metrics.bleu import BLEU
from sacrebleu.metrics.chrf import CHRF

from summsvc.evaluation.bootstrap import Floats, Sample, mean
from summsvc.evaluation.rouge import rouge

_TOKENIZERS = {"zh": "zh", "ja": "char", "th": "char", "km": "char", "lo": "char", "my": "char"}
"""Of BLEU, for scripts written without spaces; "13a" for all others."""


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric on the outputs of one system.

    signature: how it was counted, to be given beside every figure.
    """

    name: str
    signature: str
    sample: Sample


def translation(outputs: Sequence[str], references: Sequence[str], target: str) -> list[Metric]:
    """BLEU, chrF and chrF++ of sacrebleu (Post 2018, https://aclanthology.org/W18-6319).

    outputs, references: one string per text, at least one. target: BCP-47 code.
    """
    tokenizer = _TOKENIZERS.get(target.partition("-")[0].lower(), "13a")
    return [
        _metric("BLEU", BLEU(tokenize=tokenizer, force=True), outputs, references),
        _metric("chrF", CHRF(), outputs, references),
        _metric("chrF++", CHRF(word_order=2), outputs, references),
    ]


def summaries(
    outputs: Sequence[str], references: Sequence[str], languages: Sequence[str]
) -> list[Metric]:
    """ROUGE-1, -2, -L and -Lsum, mean F1 over the summaries.

    languages: BCP-47 code of each; it decides where sentences end.
    """
    scores = [
        rouge(output, reference, language)
        for output, reference, language in zip(outputs, references, languages, strict=True)
    ]
    signature = f"F1|stem:no|words:unicode|version:{version('rouge-score')}"
    return [
        Metric(name, signature, mean([getattr(each, field) for each in scores]))
        for name, field in (("R-1", "r1"), ("R-2", "r2"), ("R-L", "rl"), ("R-Lsum", "rlsum"))
    ]


def _metric(
    name: str, metric: SacrebleuMetric, outputs: Sequence[str], references: Sequence[str]
) -> Metric:
    # What sacrebleu counts per text and how it makes a figure of sums is not
    # public; the tests compare with what corpus_score says.
    counts = metric._extract_corpus_statistics(
        [_line(each) for each in outputs], [[_line(each) for each in references]]
    )

    def figure(sums: Floats) -> float:
        return float(metric._compute_score_from_stats(list(sums)).score)

    sample = Sample(np.asarray(counts, dtype=np.float64), figure)
    return Metric(name, metric.get_signature().format(), sample)


def _line(text: str) -> str:
    """A text of several lines counts as one segment."""
    return " ".join(text.split())
