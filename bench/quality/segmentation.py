"""Accuracy of sentence segmentation, compared with other libraries.

    pip install sentence-splitter razdel syntok pysbd blingfire
    python -m bench.quality.segmentation [--conllu LANGUAGE FILE]...

Reads the labelled hard cases of tests/data/sentences, or with --conllu a treebank of
Universal Dependencies, whose sentences are joined into its paragraphs. "whole" is
the share of paragraphs with all boundaries correct; "F1" is the F1 score of the
boundaries. A boundary is the first character of a sentence that is not the first of its
paragraph. Libraries that are not installed, or do not support a language, are skipped.
"""

from __future__ import annotations

import argparse
import importlib
import itertools
import re
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from summsvc.articles import sentences

LANGUAGES = ("en", "ru", "lt")
DATA = Path(__file__).resolve().parents[2] / "tests" / "data" / "sentences"
MARK = "¦"
PARAGRAPH = 5
_HIDDEN = re.compile(r"\\u([0-9a-f]{4})")

Splitter = Callable[[str, str], Sequence[str]]
"""From a paragraph and its BCP-47 code to its sentences, in order."""


@dataclass(frozen=True, slots=True)
class Case:
    """A paragraph and the offsets of its sentences after the first."""

    text: str
    starts: frozenset[int]


@dataclass(frozen=True, slots=True)
class Score:
    """lines: share of paragraphs with all boundaries correct. f1: F1 score; both 0 to 1."""

    lines: float
    f1: float


def load(language: str) -> list[Case]:
    """The labelled cases of a language."""
    cases = []
    for line in (DATA / f"{language}.txt").read_text("utf-8").split("\n"):
        if line and not line.startswith("#"):
            parts = _HIDDEN.sub(lambda match: chr(int(match[1], 16)), line).split(MARK)
            ends = [sum(map(len, parts[: i + 1])) for i in range(len(parts) - 1)]
            cases.append(Case("".join(parts), frozenset(ends)))
    return cases


def load_treebank(path: Path) -> list[Case]:
    """The paragraphs of a CoNLL-U file, of at most PARAGRAPH sentences."""
    paragraphs: list[list[str]] = [[]]
    for line in path.read_text("utf-8").split("\n"):
        if line.startswith(("# newpar", "# newdoc")) or len(paragraphs[-1]) == PARAGRAPH:
            paragraphs.append([])
        if line.startswith("# text = "):
            paragraphs[-1].append(line.removeprefix("# text = ").strip())
    cases = []
    for sentences_ in filter(None, paragraphs):
        ends = itertools.accumulate(len(each) + 1 for each in sentences_[:-1])
        cases.append(Case(" ".join(sentences_), frozenset(ends)))
    return cases


def found_starts(text: str, found: Sequence[str]) -> frozenset[int]:
    """Offsets of the sentences after the first.

    Derived from the non-space characters, because some libraries change the white space.
    """
    visible = [i for i, char in enumerate(text) if not char.isspace()]
    lengths = filter(None, (len("".join(sentence.split())) for sentence in found))
    starts = list(itertools.accumulate(lengths))[:-1]
    return frozenset(visible[at] for at in starts)


def score(cases: Sequence[Case], split: Splitter, language: str) -> Score:
    """The accuracy of a splitter."""
    right = hits = wanted = given = 0
    for case in cases:
        starts = found_starts(case.text, split(case.text, language))
        right += starts == case.starts
        hits += len(starts & case.starts)
        wanted += len(case.starts)
        given += len(starts)
    return Score(right / len(cases), 2 * hits / (wanted + given))


def ours(text: str, language: str) -> list[str]:
    """The sentences by the rules of summsvc."""
    return [text[begin:end] for begin, end in sentences.split(text, language)]


def splitters() -> Iterator[tuple[str, Splitter]]:
    """The splitters of summsvc and of the installed libraries, with their names."""
    yield "summsvc", ours
    for name, make in _LIBRARIES.items():
        try:
            yield name, make()
        except ImportError:
            continue


def _sentence_splitter() -> Splitter:
    splitter = importlib.import_module("sentence_splitter").SentenceSplitter
    by_language = {language: splitter(language) for language in LANGUAGES}
    return lambda text, language: by_language[language].split(text)


def _razdel() -> Splitter:
    sentenize = importlib.import_module("razdel").sentenize
    return lambda text, _: [each.text for each in sentenize(text)]


def _syntok() -> Splitter:
    segmenter = importlib.import_module("syntok.segmenter")

    def split(text: str, _: str) -> list[str]:
        return [
            text[tokens[0].offset : tokens[-1].offset + len(tokens[-1].value)]
            for paragraph in segmenter.analyze(text)
            for tokens in paragraph
        ]

    return split


def _pysbd() -> Splitter:
    segmenter = importlib.import_module("pysbd").Segmenter
    by_language = {language: segmenter(language=language) for language in ("en", "ru")}
    return lambda text, language: by_language[language].segment(text)


def _blingfire() -> Splitter:
    split = importlib.import_module("blingfire").text_to_sentences
    return lambda text, _: split(text).split("\n")


_LIBRARIES: dict[str, Callable[[], Splitter]] = {
    "sentence-splitter": _sentence_splitter,
    "razdel": _razdel,
    "syntok": _syntok,
    "pysbd": _pysbd,
    "blingfire": _blingfire,
}


def table(sets: Sequence[tuple[str, str, Sequence[Case]]]) -> Iterator[str]:
    """Lines of a table: a column for each (name, language, cases)."""
    yield "| | " + " | ".join(f"{name} ({len(cases)}) whole / F1" for name, _, cases in sets) + " |"
    yield "|---" * (len(sets) + 1) + "|"
    for name, split in splitters():
        cells = []
        for _, language, cases in sets:
            try:
                found = score(cases, split, language)
                cells.append(f"{found.lines:.1%} / {found.f1:.3f}")
            except KeyError:
                cells.append("–")
        yield f"| {name} | " + " | ".join(cells) + " |"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--conllu", nargs=2, action="append", metavar=("LANGUAGE", "FILE"))
    sets = [
        (Path(file).name, language, load_treebank(Path(file)))
        for language, file in parser.parse_args().conllu or ()
    ] or [(language, language, load(language)) for language in LANGUAGES]
    # Patterns of two of the libraries have invalid escapes, which cause warnings.
    warnings.simplefilter("ignore", SyntaxWarning)
    print("\n".join(table(sets)))


if __name__ == "__main__":
    main()
