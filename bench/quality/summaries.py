"""ROUGE of extractive summaries against reference summaries, compared with other methods.

    pip install 'summsvc[evaluate]' sumy==0.13.0
    python -m bench.quality.summaries articles.jsonl [--tune] [--folds 5] [--json FILE]

The input has one JSON object per line: ``body`` and ``summary``, optionally ``title``
and ``language_code``; ``bench.quality.realsumm`` writes such a file. Every method has the
same sentences and words and the same limit, once in sentences and twice in words,
because ROUGE depends on length. Confidence intervals and differences from the lead
are bootstrapped over articles.

--tune searches a grid of weights by cross-validation. The weights for a fold are those
with the best mean R-1 over all limits on the other folds; the row "ours, tuned" has
each article's summary with the weights of its fold.
"""

from __future__ import annotations

import argparse
import json
import random
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from functools import cache, partial
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np

from summsvc.articles.document import Document
from summsvc.articles.length import Length, count_words
from summsvc.articles.reader import read
from summsvc.evaluation.bootstrap import difference, interval, mean
from summsvc.evaluation.lead import lead
from summsvc.evaluation.rouge import Rouge, rouge
from summsvc.languages.stemming import stems
from summsvc.tasks.summarization.extractive import candidate_segments, extract
from summsvc.tasks.summarization.weights import Weights
from summsvc.types import Article

LIMITS = {
    "3 sentences": Length(max_sentences=3),
    "60 words": Length(max_words=60),
    "100 words": Length(max_words=100),
}
FIGURES = ("r1", "r2", "rl", "rlsum")
GRID = {
    "damping": (0.0, 0.3, 0.6, 0.85),
    "position_half": (0.03, 0.06, 0.12, 0.25, 1.0),
    "figure": (0.0, 0.15, 0.5),
    "redundancy": (0.0, 0.3, 0.6, 1.0),
}


@dataclass(frozen=True)
class Case:
    """A parsed article and its reference summary."""

    number: int
    document: Document
    reference: str

    @property
    def language(self) -> str:
        """BCP-47."""
        return self.document.language.code

    @property
    def sentences(self) -> list[str]:
        """The sentences that a summary may consist of."""
        return [each.text for each in candidate_segments(self.document)]


def read_cases(path: Path) -> list[Case]:
    """The articles of a file in JSON Lines."""
    lines = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    return [
        Case(i, read(Article(each.get("title", ""), each["body"], each.get("language_code", ""))),
             each["summary"])
        for i, each in enumerate(lines)
    ]  # fmt: skip


Method = Callable[[Case, Length], str]


class _Words:
    """A tokenizer for sumy that returns our stems; sumy's own needs downloads."""

    def __init__(self, language: str) -> None:
        self._language = language

    def to_words(self, text: str) -> list[str]:
        return stems(text, self._language)


def by_lead(case: Case, length: Length) -> str:
    """The first sentences."""
    return lead(case.document, sentences=length.max_sentences, words=length.max_words)


def by_chance(case: Case, length: Length) -> str:
    """Random sentences, the same in every run."""
    order = list(range(len(case.sentences)))
    random.Random(case.number).shuffle(order)
    return _best(case, length, lambda count: order[:count])


def by_sumy(summarizer: Any, case: Case, length: Length) -> str:
    """The sentences that one of sumy's summarizers ranks first."""
    from sumy.models.dom import ObjectDocumentModel, Paragraph, Sentence

    words = _Words(case.language)
    listed = [Sentence(each, words) for each in case.sentences]
    document = ObjectDocumentModel([Paragraph(listed)])
    places = {id(each): i for i, each in enumerate(listed)}
    return _best(
        case, length, lambda count: [places[id(each)] for each in summarizer(document, count)]
    )


def _best(case: Case, length: Length, first: Callable[[int], list[int]]) -> str:
    """As many of the best sentences as the limit allows, at least one."""
    texts = case.sentences
    most = length.max_sentences or len(texts)
    taken = ""
    for count in range(1, min(most, len(texts)) + 1):
        text = " ".join(texts[i] for i in sorted(first(count)))
        if taken and length.max_words is not None and count_words(text) > length.max_words:
            break
        taken = text
    return taken


def by_us(case: Case, length: Length, weights: Weights | None = None) -> str:
    """The extractive summary of summsvc."""
    sentences, _ = extract(case.document, length, weights)
    return " ".join(each.text for each in sentences)


def methods() -> dict[str, Method]:
    """All methods by name, the lead first."""
    from sumy.summarizers.lex_rank import LexRankSummarizer
    from sumy.summarizers.text_rank import TextRankSummarizer

    return {
        "lead": by_lead,
        "random": by_chance,
        "TextRank": partial(by_sumy, TextRankSummarizer()),
        "LexRank": partial(by_sumy, LexRankSummarizer()),
        "ours": by_us,
    }


@cache
def _score(text: str, reference: str, language: str) -> Rouge:
    return rouge(text, reference, language)


def scores(cases: Sequence[Case], texts: Sequence[str]) -> list[Rouge]:
    """ROUGE of each article's summary."""
    return [_score(text, each.reference, each.language)
            for each, text in zip(cases, texts, strict=True)]  # fmt: skip


def tune(cases: Sequence[Case], folds: int) -> tuple[list[Weights], Weights]:
    """The weights for each article, tuned on the other folds, and those tuned on all."""
    grid = [Weights(**dict(zip(GRID, values, strict=True))) for values in product(*GRID.values())]
    r1 = np.zeros((len(grid), len(cases)))
    for i, weights in enumerate(grid):
        for length in LIMITS.values():
            texts = [by_us(each, length, weights) for each in cases]
            r1[i] += [each.r1 for each in scores(cases, texts)]
    fold = np.random.default_rng(0).permutation(len(cases)) % folds
    chosen = [grid[int(r1[:, fold != held].mean(axis=1).argmax())] for held in range(folds)]
    for held, weights in enumerate(chosen):
        print(f"fold {held}: {asdict(weights)}")
    whole = grid[int(r1.mean(axis=1).argmax())]
    print(f"all: {asdict(whole)}\n")
    return [chosen[held] for held in fold], whole


def row(cases: Sequence[Case], texts: Sequence[str], base: Sequence[Rouge]) -> dict[str, Any]:
    """A method's scores with 95% intervals, and its difference from the lead in R-1."""
    found = scores(cases, texts)
    made: dict[str, Any] = {"words": float(np.mean([count_words(each) for each in texts]))}
    for figure in FIGURES:
        made[figure] = asdict(interval(mean([getattr(each, figure) for each in found])))
    above = difference(mean([each.r1 for each in found]), mean([each.r1 for each in base]))
    return made | {"above": asdict(above)}


def main() -> None:
    """Measure and print one table per limit."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("articles", type=Path, help="JSON Lines, one article per line")
    parser.add_argument("--tune", action="store_true", help="also tune the weights")
    parser.add_argument("--folds", type=int, default=5)
    parser.add_argument("--json", type=Path, help="file to write the results to")
    options = parser.parse_args()
    cases = read_cases(options.articles)
    print(
        f"{len(cases)} articles of {np.mean([len(each.sentences) for each in cases]):.0f} sentences"
    )
    tuned = tune(cases, options.folds)[0] if options.tune else []
    tables: dict[str, Any] = {}
    for limit, length in LIMITS.items():
        texts = {name: [method(each, length) for each in cases]
                 for name, method in methods().items()}  # fmt: skip
        if tuned:
            texts["ours, tuned"] = [
                by_us(each, length, weights) for each, weights in zip(cases, tuned, strict=True)
            ]
        base = scores(cases, texts["lead"])
        print(f"| {limit} | words | R-1 | R-2 | R-L | R-Lsum | R-1 above lead |\n{'|---' * 7}|")
        tables[limit] = {name: row(cases, made, base) for name, made in texts.items()}
        for name, figures in tables[limit].items():
            cells = [_cell(figures[each], "") for each in FIGURES] + [_cell(figures["above"], "+")]
            print(f"| {name} | {figures['words']:.0f} | {' | '.join(cells)} |")
        print()
    if options.json:
        options.json.write_text(json.dumps(tables, indent=2))


def _cell(figure: dict[str, float], sign: str) -> str:
    return (f"{figure['value']:{sign}.1f} ({figure['low']:{sign}.1f} to "
            f"{figure['high']:{sign}.1f})")  # fmt: skip


if __name__ == "__main__":
    main()
