"""Accuracy of sentence boundaries, ours beside the libraries we could have used.

    python -m bench.segmentation

Reads the labelled hard cases of tests/data/sentences. "lines" is the share of
paragraphs with every boundary right, "F1" that of the boundaries themselves, a
boundary being the first character of a sentence that is not the first of its
paragraph. Libraries that are not installed are left out.
"""

from __future__ import annotations

import importlib
import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from summsvc.articles import sentences

LANGUAGES = ("en", "ru", "lt")
DATA = Path(__file__).resolve().parents[1] / "tests" / "data" / "sentences"
MARK = "¦"

Splitter = Callable[[str, str], Sequence[str]]
"""Paragraph and BCP-47 code to its sentences, in order."""


@dataclass(frozen=True, slots=True)
class Case:
    """A paragraph and the offsets at which its further sentences begin."""

    text: str
    starts: frozenset[int]


@dataclass(frozen=True, slots=True)
class Score:
    """Shares from 0 to 1."""

    lines: float
    f1: float


def load(language: str) -> list[Case]:
    """The labelled cases of a language."""
    cases = []
    for line in (DATA / f"{language}.txt").read_text("utf-8").split("\n"):
        if line and not line.startswith("#"):
            parts = line.split(MARK)
            ends = [sum(map(len, parts[: i + 1])) for i in range(len(parts) - 1)]
            cases.append(Case("".join(parts), frozenset(ends)))
    return cases


def found_starts(text: str, found: Sequence[str]) -> frozenset[int]:
    """Offsets at which the sentences after the first begin.

    Counted in visible characters, as some libraries change the white space.
    """
    visible = [i for i, char in enumerate(text) if not char.isspace()]
    lengths = filter(None, (len("".join(sentence.split())) for sentence in found))
    starts = list(itertools.accumulate(lengths))[:-1]
    return frozenset(visible[at] for at in starts)


def score(cases: Sequence[Case], split: Splitter, language: str) -> Score:
    """How well a splitter does."""
    right = hits = wanted = given = 0
    for case in cases:
        starts = found_starts(case.text, split(case.text, language))
        right += starts == case.starts
        hits += len(starts & case.starts)
        wanted += len(case.starts)
        given += len(starts)
    return Score(right / len(cases), 2 * hits / (wanted + given))


def ours(text: str, language: str) -> list[str]:
    """The service's own rules."""
    return [text[begin:end] for begin, end in sentences.split(text, language)]


def splitters() -> Iterator[tuple[str, Splitter]]:
    """Ours and those of the libraries that are installed, by name."""
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


_LIBRARIES: dict[str, Callable[[], Splitter]] = {
    "sentence-splitter": _sentence_splitter,
    "razdel": _razdel,
    "syntok": _syntok,
}


def main() -> None:
    """Print the table."""
    cases = {language: load(language) for language in LANGUAGES}
    sizes = "  ".join(f"{language}: {len(each)} paragraphs" for language, each in cases.items())
    print(sizes)
    print(f"{'':20}" + "".join(f"{language + ' lines':>10}{'F1':>7}" for language in LANGUAGES))
    for name, split in splitters():
        scores = [score(cases[language], split, language) for language in LANGUAGES]
        print(f"{name:20}" + "".join(f"{each.lines:>10.1%}{each.f1:>7.3f}" for each in scores))


if __name__ == "__main__":
    main()
