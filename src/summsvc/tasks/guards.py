"""Doubts about an output, found without knowing what the right one would be."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

from summsvc.articles.article import WarningType
from summsvc.engines.base import DecodingOptions

MAX_RATIO = 3.0
MIN_RATIO = 0.33
"""Code points of output per code point of source that no honest translation
between English, Russian and Lithuanian leaves, for sources of 20 or more."""

MAX_REPEATS = 4
"""Times that one run of three words may occur more often than in the source."""

_NUMBER = re.compile(r"\d+(?:[.,\u00a0\u202f ]\d{3})*(?:[.,]\d+)?")
_WORD = re.compile(r"\w+")
_SCRIPTS = {"ru": "CYRILLIC", "lt": "LATIN", "en": "LATIN"}


@dataclass(frozen=True, slots=True)
class Doubt:
    """Something odd about an output. severe: worth another attempt."""

    type: WarningType
    message: str
    severe: bool


def assess(source: str, output: str, *, target: str, complete: bool) -> list[Doubt]:
    """What is doubtful about a translation.

    target: BCP-47 code. complete: False when a length limit ended the output.
    Linear in the lengths.
    """
    if not output.strip():
        message = "the model gave nothing; the source text stands in its place"
        return [Doubt(WarningType.EMPTY_OUTPUT, message, severe=True)]
    doubts: list[Doubt] = []
    if not complete:
        message = "the output reached the length limit and may be incomplete"
        doubts.append(Doubt(WarningType.OUTPUT_TRUNCATED, message, severe=True))
    repeated = _repeated(source, output)
    if repeated:
        message = f"the output repeats “{repeated}”"
        doubts.append(Doubt(WarningType.REPETITION, message, severe=True))
    ratio = len(output) / len(source)
    if len(source) >= 20 and not MIN_RATIO <= ratio <= MAX_RATIO:
        message = f"the output is {ratio:.1f} times as long as the source"
        doubts.append(Doubt(WarningType.LENGTH_RATIO, message, severe=True))
    doubts += _language_doubts(source, output, target)
    lost = _numbers(source) - _numbers(output)
    if lost:
        message = f"numbers of the source are not in the output: {', '.join(sorted(lost))}"
        doubts.append(Doubt(WarningType.NUMBER_LOST, message, severe=False))
    return doubts


def severity(doubts: Sequence[Doubt]) -> int:
    """Lower is better: severe doubts weigh ten times as much as others."""
    return sum(10 if doubt.severe else 1 for doubt in doubts)


def safer(options: DecodingOptions, attempt: int) -> DecodingOptions:
    """Decoding that loops less than the one before; attempt counts from 1."""
    if attempt == 1:
        return replace(options, beam_size=max(options.beam_size, 4), no_repeat_ngram_size=4)
    return replace(options, beam_size=1, repetition_penalty=1.3, no_repeat_ngram_size=3)


def _repeated(source: str, output: str) -> str:
    """A run of three words that the output says far more often than the source."""
    words = _WORD.findall(output.lower())
    counts = Counter(zip(words, words[1:], words[2:], strict=False))
    if not counts:
        return ""
    run, times = counts.most_common(1)[0]
    known = _WORD.findall(source.lower())
    usual = Counter(zip(known, known[1:], known[2:], strict=False)).most_common(1)
    allowed = MAX_REPEATS if not usual else max(MAX_REPEATS, usual[0][1] + 1)
    return " ".join(run) if times >= allowed else ""


def _language_doubts(source: str, output: str, target: str) -> list[Doubt]:
    if len(_WORD.findall(source)) >= 4 and source.casefold() == output.casefold():
        message = "the output is the source text"
        return [Doubt(WarningType.UNTRANSLATED, message, severe=True)]
    script = _SCRIPTS.get(target)
    letters = [char for char in output if char.isalpha()]
    if script is None or len(letters) < 12:
        return []
    right = sum(unicodedata.name(char, "").startswith(script) for char in letters)
    if right < len(letters) / 2:
        message = f"most of the output is not in the script of '{target}'"
        return [Doubt(WarningType.WRONG_SCRIPT, message, severe=True)]
    return []


def _numbers(text: str) -> set[str]:
    """Numbers of two digits and more, separators left out so that 1,000 is 1 000."""
    found = {re.sub(r"\D", "", number) for number in _NUMBER.findall(text)}
    return {number for number in found if len(number) > 1}
