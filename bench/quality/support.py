"""Faithfulness check of summaries: detected errors and false alarms.

    python -m bench.quality.support
    python -m bench.quality.support --conllu ru ru_gsd-ud-test.conllu
    python -m bench.quality.support --annotated CLIFF_error_types.csv

Without arguments: one number or name at a time is replaced in each paragraph of
tests/data/sentences, and its sentence is checked against the original paragraph.
--conllu: names of a treebank of Universal Dependencies that occur in several
forms. A sentence with one form is checked against a sentence with another form, which
supports it, and against one without the name, which does not. Each first
word that is not a name is checked against twenty other sentences. --annotated:
model summaries with human annotations of errors (Cao and Wang 2021,
https://aclanthology.org/2021.emnlp-main.532, as collected by Tang et al. 2023,
https://github.com/Liyan06/AggreFact). Brackets: 95% bootstrap intervals.
"""

from __future__ import annotations

import argparse
import ast
import csv
import random
import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby, pairwise, permutations
from pathlib import Path

from bench.quality.segmentation import LANGUAGES, Case, load
from summsvc.articles.reader import read
from summsvc.evaluation.bootstrap import interval, mean
from summsvc.languages.stemming import stop_words
from summsvc.tasks.summarization.faithfulness import Support
from summsvc.types import Article

NUMBER = re.compile(r"(?<![\w.,:/–-])\d+(?![\w.,:/–-]*\d)")
NAME = re.compile(r"(?<![\w.’'-])[^\W\d_a-zа-яёąčęėįšųūž][^\W\d_]{2,}(?![\w.’'-])")
PAIRS_PER_NAME = 6
SENTENCES_OF_AN_ARTICLE = 20
LONGEST_FIELD = 10_000_000


@dataclass(frozen=True, slots=True)
class Place:
    """A word at [start, end) of a text."""

    text: str
    start: int
    end: int

    @property
    def word(self) -> str:
        return self.text[self.start : self.end]


def flagged(support: Support, place: Place) -> bool:
    """Whether an unsupported claim overlaps the place."""
    claims = support.unsupported(place.text)
    return any(claim.start < place.end and place.start < claim.end for claim in claims)


def share(outcomes: Sequence[bool]) -> str:
    """A share with its confidence interval, for a table."""
    if not outcomes:
        return "–"
    found = interval(mean([float(each) for each in outcomes]))
    ends = f"{found.low:.1%} to {found.high:.1%}"
    return f"{sum(outcomes)} of {len(outcomes)}, {found.value:.1%} ({ends})"


def places(case: Case, pattern: re.Pattern[str]) -> Iterator[Place]:
    """Numbers of a paragraph, or names that are not the first word of a sentence."""
    starts = [0, *sorted(case.starts), len(case.text)]
    for begin, end in pairwise(starts):
        sentence = case.text[begin:end].rstrip()
        opening = re.match(r"\W*\w+", sentence)
        for match in pattern.finditer(sentence):
            if pattern is NUMBER or (opening and match.start() >= opening.end()):
                yield Place(sentence, *match.span())


def replaced(language: str, pattern: re.Pattern[str], chooser: random.Random) -> list[bool]:
    """For each number or name of the hard cases: whether its replacement is reported."""
    cases = load(language)
    common = stop_words(language)
    words = {place.word for case in cases for place in places(case, pattern)}
    stock = sorted(word for word in words if word.lower() not in common)
    outcomes = []
    for case in cases:
        support = Support([case.text], language)
        known = case.text.casefold()
        for place in places(case, pattern):
            others = [word for word in stock if word[:4].casefold() not in known]
            if pattern is NUMBER:
                digits = len(place.word)
                values = (str(chooser.randrange(10 ** (digits - 1), 10**digits)) for _ in range(99))
                others = [value for value in values if value not in known]
            if others:
                word = chooser.choice(others)
                text = place.text[: place.start] + word + place.text[place.end :]
                outcomes.append(flagged(support, Place(text, place.start, place.start + len(word))))
    return outcomes


def treebank(path: Path) -> tuple[dict[str, list[Place]], list[Place]]:
    """Names by lemma, without first words of sentences; and first words that are not names."""
    by_lemma: dict[str, list[Place]] = defaultdict(list)
    openers = []
    for block in path.read_text("utf-8").split("\n\n"):
        text = next(iter(re.findall(r"^# text = (.*)$", block, re.MULTILINE)), "").strip()
        at = 0
        for line in block.split("\n"):
            columns = line.split("\t")
            if len(columns) != 10 or not columns[0].isdigit():
                continue
            _, form, lemma, kind, *_ = columns
            start = text.find(form, at)
            if start < 0:
                continue
            at = start + len(form)
            opens = re.search(r"\w", text[:start]) is None
            if opens and kind not in ("PROPN", "PUNCT", "NUM", "X") and form[0].isupper():
                openers.append(Place(text, start, at))
            if kind == "PROPN" and NAME.fullmatch(form) and not form.isupper() and not opens:
                by_lemma[lemma.casefold()].append(Place(text, start, at))
    return by_lemma, openers


def forms(path: Path, language: str, chooser: random.Random) -> Iterator[list[bool]]:
    """Whether the check reports three kinds of word, as one list for each kind.

    Names that the article has in another form, names that it does not have, and first
    words of sentences that are not names.
    """
    names, openers = treebank(path)
    alarms, hits = [], []
    for lemma, found in names.items():
        pairs = [
            (one, other)
            for one, other in permutations(found, 2)
            if other.word not in one.text and one.word != other.word
        ]
        for one, other in chooser.sample(pairs, min(len(pairs), PAIRS_PER_NAME)):
            alarms.append(flagged(Support([one.text], language), other))
        strangers = [each for name, each in names.items() if name != lemma]
        article = chooser.choice(chooser.choice(strangers)).text
        place = chooser.choice(found)
        if place.word[:4].casefold() not in article.casefold():
            hits.append(flagged(Support([article], language), place))
    yield from (alarms, hits)
    first = []
    for place in openers:
        others = chooser.sample(openers, SENTENCES_OF_AN_ARTICLE + 1)
        rest = [other.text for other in others if other.text != place.text]
        first.append(flagged(Support(rest, language), place))
    yield first


@dataclass
class Judged:
    """Results of the check on annotated summaries.

    claims: for each unsupported claim, whether it overlaps an annotated error. absent: for
    each other claim, whether none of its words is in the article. right, invented: for each
    summary without an error, or with an extrinsic noun phrase or number, whether the check
    reports a claim.
    """

    claims: list[bool] = field(default_factory=list)
    absent: list[bool] = field(default_factory=list)
    right: list[bool] = field(default_factory=list)
    invented: list[bool] = field(default_factory=list)

    def add(self, row: dict[str, str]) -> None:
        """Check one summary against its article."""
        article, summary = row["doc"], row["summ"]
        document = read(Article("", article, "en"), keep_boilerplate=True)
        claims = Support.of(document).unsupported(summary)
        said = set(re.findall(r"\w+", article.casefold()))
        spans = []
        for marked in ast.literal_eval(row["annotated_span"] or "[]"):
            at = summary.find(marked)
            spans.append((at, at + len(marked)) if at >= 0 else (0, 0))
        for claim in claims:
            known = any(claim.start < end and begin < claim.end for begin, end in spans)
            self.claims.append(known)
            if not known:
                words = re.findall(r"\w+", claim.text.casefold())
                self.absent.append(not said & set(words))
        if row["error_type"] == "correct":
            self.right.append(bool(claims))
        elif "extrinsic-NP" in row["error_type"]:
            self.invented.append(bool(claims))


def annotated(path: Path) -> Iterator[str]:
    """Lines of a table with a row for each source of articles."""
    csv.field_size_limit(LONGEST_FIELD)
    with path.open(encoding="utf-8", newline="") as file:
        rows = sorted(csv.DictReader(file), key=lambda row: row["origin"])
    yield (
        "| | without error, alarm | something invented, alarm | claims over a marked error "
        "| others, not one word in the article |\n|---|---|---|---|---|"
    )
    for origin, group in groupby(rows, key=lambda row: row["origin"]):
        judged = Judged()
        for row in group:
            judged.add(row)
        cells = (judged.right, judged.invented, judged.claims, judged.absent)
        yield f"| {origin} | " + " | ".join(map(share, cells)) + " |"


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--conllu", nargs=2, action="append", metavar=("LANGUAGE", "FILE"))
    parser.add_argument("--annotated", type=Path, metavar="FILE")
    asked = parser.parse_args()
    chooser = random.Random(8)
    if asked.annotated:
        print("\n".join(annotated(asked.annotated)))
    if asked.conllu:
        print("| | a name in another form, alarm | a name not there, alarm ", end="")
        print("| a first word, alarm |\n|---|---|---|---|")
        for language, file in asked.conllu:
            cells = map(share, forms(Path(file), language, chooser))
            print(f"| {Path(file).name} | " + " | ".join(cells) + " |")
    if not (asked.annotated or asked.conllu):
        print("| replaced | a number, alarm | a name, alarm |\n|---|---|---|")
        for language in LANGUAGES:
            numbers, names = (replaced(language, each, chooser) for each in (NUMBER, NAME))
            print(f"| {language} | {share(numbers)} | {share(names)} |")


if __name__ == "__main__":
    main()
