"""ROUGE-1 of extractive summaries by their length, beside the lead, LexRank and TextRank.

    pip install 'summsvc[evaluate]' sumy==0.13.0
    python -m bench.quality.curve realsumm.jsonl bbc.jsonl [--first N]

Each input has the format of ``bench.quality.summaries``; ``bench.quality.realsumm`` and
``bench.quality.bbc`` write such files. One table per file: R-1 F1, and in brackets the
difference from the lead; then the share of our summaries in which a sentence begins with a
reference to one that is not directly before it.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np

from bench.quality.summaries import Case, by_us, methods, read_cases, scores
from summsvc.articles.length import Length
from summsvc.tasks.summarization.references import points_back

LENGTHS = {
    "1 sentence": Length(max_sentences=1),
    **{f"{n} sentences": Length(max_sentences=n) for n in (2, 3, 5, 8)},
    **{f"{n} words": Length(max_words=n) for n in (60, 100, 150)},
}
METHODS = ("lead", "TextRank", "LexRank", "ours")


def curve(cases: Sequence[Case]) -> dict[str, list[float]]:
    """Mean R-1 of each method by length."""
    known = methods()
    return {
        name: [
            float(np.mean([r.r1 for r in scores(cases, [known[name](c, length) for c in cases])]))
            for length in LENGTHS.values()
        ]
        for name in METHODS
    }


def dangling(cases: Sequence[Case], length: Length) -> float:
    """Share of our summaries with a reference to a sentence that is not directly before it."""
    return float(np.mean([_dangles(case, by_us(case, length)) for case in cases]))


def _dangles(case: Case, summary: str) -> bool:
    texts = case.sentences
    return any(
        text in summary and points_back(text, case.language) and f"{before} {text}" not in summary
        for before, text in pairwise(texts)
    )


def main() -> None:
    """Print one table per file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("articles", type=Path, nargs="+", help="JSON Lines, one article per line")
    parser.add_argument("--first", type=int, help="use only the first articles of each file")
    options = parser.parse_args()
    for path in options.articles:
        cases = read_cases(path)[: options.first]
        print(f"{path.stem}: {len(cases)} articles\n\n| R-1 | {' | '.join(LENGTHS)} |")
        print("|---" * (len(LENGTHS) + 1) + "|")
        rows = curve(cases)
        for name, figures in rows.items():
            cells = [
                f"{figure:.1f} ({figure - base:+.1f})"
                for figure, base in zip(figures, rows["lead"], strict=True)
            ]
            print(f"| {name} | {' | '.join(cells)} |")
        shares = [f"{dangling(cases, length):.1%}" for length in LENGTHS.values()]
        print(f"\nours with a reference to a sentence left out: {', '.join(shares)}\n")


if __name__ == "__main__":
    main()
