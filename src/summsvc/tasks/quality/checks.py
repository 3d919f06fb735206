"""Doubts about an output, found without knowing what the right one would be."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace

from summsvc.engines.base import DecodingOptions
from summsvc.errors import OverloadedError, SummsvcError
from summsvc.tasks.quality.brackets import lost_brackets
from summsvc.tasks.quality.length_ratio import unusual
from summsvc.tasks.quality.numbers import lost_figures
from summsvc.tasks.quality.repetition import repeated
from summsvc.tasks.quality.target_language import copied, wrong_language, wrong_script
from summsvc.tasks.translation.occurrences import Occurrences
from summsvc.types import WarningType

SHOWN = 60
"""Code points of a stretch of text that a message quotes."""


USELESS = frozenset(
    (
        WarningType.REPETITION,
        WarningType.UNTRANSLATED,
        WarningType.WRONG_SCRIPT,
        WarningType.WRONG_LANGUAGE,
    )
)
PARTIAL = frozenset((WarningType.OUTPUT_TRUNCATED, WarningType.LENGTH_RATIO))


@dataclass(frozen=True, slots=True)
class Issue:
    """Something odd about an output. severe: worth another attempt."""

    type: WarningType
    message: str
    severe: bool


def assess(
    source: str,
    output: str,
    *,
    source_language: str,
    target: str,
    complete: bool,
    kept: Collection[str] = (),
) -> list[Issue]:
    """What is doubtful about a translation.

    source_language, target: BCP-47 codes. complete: False when a length limit
    ended the output. kept: what has to stand in both as it is, such as an
    address; ``protect`` sees to it, so here it is left out of account. Linear
    in the lengths.
    """
    if not output.strip():
        message = "the model gave nothing; the source text stands in its place"
        return [Issue(WarningType.EMPTY_OUTPUT, message, severe=True)]
    if kept:
        terms = Occurrences(kept)
        source, times = terms.removed(source)
        output, _ = terms.removed(output, times)
    issues: list[Issue] = []

    def issue(type: WarningType, message: str, *, severe: bool = True) -> None:
        issues.append(Issue(type, message, severe))

    if not complete:
        issue(
            WarningType.OUTPUT_TRUNCATED,
            "the output reached the length limit and may be incomplete",
        )
    if again := repeated(source, output):
        issue(WarningType.REPETITION, f"the output repeats “{_shown(again)}”")
    if ratio := unusual(source, output, source_language=source_language, target=target):
        issue(
            WarningType.LENGTH_RATIO,
            f"the output is {ratio:.2f} times as long as the source, "
            f"unusual from '{source_language}' to '{target}'",
        )
    if stretch := copied(source, output):
        issue(WarningType.UNTRANSLATED, f"“{_shown(stretch)}” was left as in the source")
    elif wrong_script(source, output, target):
        issue(WarningType.WRONG_SCRIPT, f"most of the output is not in the script of '{target}'")
    elif language := wrong_language(output, target, source_language):
        issue(WarningType.WRONG_LANGUAGE, f"the output looks like '{language}', not '{target}'")
    if figures := lost_figures(source, output, target=target):
        message = f"numbers of the source are not in the output: {', '.join(figures)}"
        issue(WarningType.NUMBER_LOST, message)
    if brackets := lost_brackets(source, output):
        message = f"what stood in brackets is not in the output: {', '.join(map(_shown, brackets))}"
        issue(WarningType.BRACKETS_LOST, message)
    return issues


def attempts_cut(error: SummsvcError) -> list[Issue]:
    """What is to be said when this error ended the attempts to improve on an output."""
    if not isinstance(error, OverloadedError):
        return []
    return [Issue(WarningType.ATTEMPTS_CUT, f"not tried again: {error.message}", severe=False)]


def severity(issues: Collection[Issue]) -> tuple[int, ...]:
    """How bad an output is; of two the lower is better.

    Counted one after the other: no output; output that says something else or
    nothing (USELESS); that may lack a part (PARTIAL); other severe doubts; the rest.
    """
    kinds = [issue.type for issue in issues]
    severe = sum(issue.severe for issue in issues)
    empty = kinds.count(WarningType.EMPTY_OUTPUT)
    useless, partial = (sum(kind in group for kind in kinds) for group in (USELESS, PARTIAL))
    return empty, useless, partial, severe, len(kinds)


def safer(options: DecodingOptions, attempt: int) -> DecodingOptions:
    """Decoding that loops less than the one before; attempt counts from 1."""
    if attempt == 1:
        return replace(options, beam_size=max(options.beam_size, 4), no_repeat_ngram_size=4)
    return replace(options, beam_size=1, repetition_penalty=1.3, no_repeat_ngram_size=3)


def _shown(text: str) -> str:
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}…"
