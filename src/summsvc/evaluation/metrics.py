"""BLEU, chrF and ROUGE as per-text statistics that can be resampled."""

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

_BLEU_TOKENIZERS = {
    "zh": "zh",
    "ja": "char",
    "th": "char",
    "km": "char",
    "lo": "char",
    "my": "char",
}
"""sacrebleu tokenizer by language, for scripts without spaces; other languages: "13a"."""


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric on the outputs of one system.

    signature: parameters and version of the metric, to be reported with every value.
    """

    name: str
    signature: str
    sample: Sample


def translation(outputs: Sequence[str], references: Sequence[str], target: str) -> list[Metric]:
    """Compute BLEU, chrF and chrF++ of sacrebleu (Post 2018, https://aclanthology.org/W18-6319).

    outputs, references: one string per text, at least one. target: BCP-47 code.
    """
    tokenizer = _BLEU_TOKENIZERS.get(target.partition("-")[0].lower(), "13a")
    return [
        _metric("BLEU", BLEU(tokenize=tokenizer, force=True), outputs, references),
        _metric("chrF", CHRF(), outputs, references),
        _metric("chrF++", CHRF(word_order=2), outputs, references),
    ]


def summaries(
    outputs: Sequence[str], references: Sequence[str], languages: Sequence[str]
) -> list[Metric]:
    """Compute ROUGE-1, -2, -L and -Lsum, mean F1 over the summaries.

    languages: BCP-47 code of each summary, for its sentence boundaries.
    """
    scores = [
        rouge(output, reference, language)
        for output, reference, language in zip(outputs, references, languages, strict=True)
    ]
    signature = f"F1|stem:no|words:unicode|version:{version('rouge-score')}"
    return [
        Metric(name, signature, mean([getattr(score, field) for score in scores]))
        for name, field in (("R-1", "r1"), ("R-2", "r2"), ("R-L", "rl"), ("R-Lsum", "rlsum"))
    ]


def _metric(
    name: str, metric: SacrebleuMetric, outputs: Sequence[str], references: Sequence[str]
) -> Metric:
    # These methods of sacrebleu are private; the tests compare the results with
    # the public corpus_score.
    counts = metric._extract_corpus_statistics(
        [_join_lines(text) for text in outputs], [[_join_lines(text) for text in references]]
    )

    def statistic(sums: Floats) -> float:
        return float(metric._compute_score_from_stats(list(sums)).score)

    sample = Sample(np.asarray(counts, dtype=np.float64), statistic)
    return Metric(name, metric.get_signature().format(), sample)


def _join_lines(text: str) -> str:
    """Join the lines of a text, because it counts as one segment."""
    return " ".join(text.split())
