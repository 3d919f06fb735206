"""Reference-free quality checks of a translation: issues, their severity, lost brackets.

``assess`` runs all checks on one source segment and its output. The checks themselves are in
the modules ``repetition``, ``length_ratio``, ``target_language`` and ``numbers``, except the
check of brackets, which is here.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass, replace

from summsvc.articles.occurrences import Occurrences
from summsvc.engines.base import DecodingOptions
from summsvc.errors import OverloadedError, SummsvcError
from summsvc.interruption import checked, checked_matches
from summsvc.languages.letters import to_latin
from summsvc.tasks.quality.length_ratio import unusual
from summsvc.tasks.quality.numbers import lost_figures
from summsvc.tasks.quality.repetition import find_repetition
from summsvc.tasks.quality.target_language import copied, wrong_language, wrong_script
from summsvc.types import WarningType

MAX_QUOTED = 60
"""Code points of the source or the output that a message quotes at most."""

UNUSABLE_KINDS = frozenset(
    (
        WarningType.REPETITION,
        WarningType.UNTRANSLATED,
        WarningType.WRONG_SCRIPT,
        WarningType.WRONG_LANGUAGE,
    )
)
"""Kinds of issue with which an output does not translate the source."""

INCOMPLETE_KINDS = frozenset((WarningType.OUTPUT_TRUNCATED, WarningType.LENGTH_RATIO))
"""Kinds of issue with which an output may lack a part of the source."""

BRACKET_PREFIX_LETTERS = 3
"""Letters by which a word in brackets is recognized in another alphabet or inflection."""

_BRACKETS = re.compile(r"\(([^()]*)\)|\[([^\[\]]*)\]")
_LETTERS = re.compile(r"[^\W\d_]+")


@dataclass(frozen=True, slots=True)
class Issue:
    """A suspected defect of an output. severe: the output is worth a retry."""

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
    """Check a translation and return its issues; none for a good translation.

    source_language, target: BCP-47 codes. complete: False when a length limit
    ended the output. kept: terms that must be in both texts unchanged, such as an
    address. ``term_enforcement`` ensures them, so all other checks ignore them.
    Time is linear in the lengths of both texts.
    """
    if not output.strip():
        message = "the model returned no text; the source text is used instead"
        return [Issue(WarningType.EMPTY_OUTPUT, message, severe=True)]
    if kept:
        terms = Occurrences(kept)
        source, times = terms.removed(source)
        output, _ = terms.removed(output, times)
    issues: list[Issue] = []

    def report(type: WarningType, message: str) -> None:
        issues.append(Issue(type, message, severe=True))

    if not complete:
        report(
            WarningType.OUTPUT_TRUNCATED,
            "the output reached the length limit and may be incomplete",
        )
    if repetition := find_repetition(source, output):
        report(WarningType.REPETITION, f"the output repeats “{_quoted(repetition)}”")
    if ratio := unusual(source, output, source_language=source_language, target=target):
        report(
            WarningType.LENGTH_RATIO,
            f"the output is {ratio:.2f} times as long as the source, "
            f"unusual from '{source_language}' to '{target}'",
        )
    if copy := copied(source, output):
        report(WarningType.UNTRANSLATED, f"“{_quoted(copy)}” was left as in the source")
    elif wrong_script(source, output, target):
        report(WarningType.WRONG_SCRIPT, f"most of the output is not in the script of '{target}'")
    elif language := wrong_language(output, target, source_language):
        report(WarningType.WRONG_LANGUAGE, f"the output looks like '{language}', not '{target}'")
    if numbers := lost_figures(source, output, target=target):
        message = f"numbers of the source are not in the output: {', '.join(numbers)}"
        report(WarningType.NUMBER_LOST, message)
    if brackets := lost_brackets(source, output):
        texts = ", ".join(map(_quoted, brackets))
        report(WarningType.BRACKETS_LOST, f"text in brackets is not in the output: {texts}")
    return issues


def attempts_cut(error: SummsvcError) -> list[Issue]:
    """The issue to report when this error ended the retries of an output; none for other errors."""
    if not isinstance(error, OverloadedError):
        return []
    return [Issue(WarningType.ATTEMPTS_CUT, f"not tried again: {error.message}", severe=False)]


def severity(issues: Collection[Issue]) -> tuple[int, ...]:
    """The severity of an output's issues as a sort key; the lower one is the better output.

    The numbers of issues, most important first: empty output; ``UNUSABLE_KINDS``;
    ``INCOMPLETE_KINDS``; severe issues of any kind; all issues.
    """
    kinds = [issue.type for issue in issues]
    severe = sum(issue.severe for issue in issues)
    empty = kinds.count(WarningType.EMPTY_OUTPUT)
    unusable, incomplete = (
        sum(kind in group for kind in kinds) for group in (UNUSABLE_KINDS, INCOMPLETE_KINDS)
    )
    return empty, unusable, incomplete, severe, len(kinds)


def safer(options: DecodingOptions, attempt: int) -> DecodingOptions:
    """Decoding options less prone to loops than those of the attempt before.

    attempt: number of the retry, from 1.
    """
    if attempt == 1:
        return replace(options, beam_size=max(options.beam_size, 4), no_repeat_ngram_size=4)
    return replace(options, beam_size=1, repetition_penalty=1.3, no_repeat_ngram_size=3)


def lost_brackets(source: str, output: str) -> list[str]:
    """Texts in brackets of the source that are not in the output, when it has fewer brackets.

    A text is not lost when the output has one of its words elsewhere, in any alphabet
    or inflection with the same first letters. Brackets around digits alone are ignored:
    the check of numbers covers them. Time is linear in the lengths.
    """
    if "(" not in source and "[" not in source:
        return []
    matches = checked_matches(_BRACKETS, source)
    texts = [(match[1] or match[2] or "").strip() for match in matches]
    missing = len(texts) - sum(1 for _ in checked_matches(_BRACKETS, output)) if texts else 0
    if missing <= 0:
        return []
    known = _word_prefixes(output)
    lost = [
        text
        for text in checked(texts)
        if (prefixes := _word_prefixes(text)) and prefixes.isdisjoint(known)
    ]
    return lost[:missing]


def _word_prefixes(text: str) -> set[str]:
    """First letters of the words of two letters or more, in lower-case Latin."""
    matches = checked_matches(_LETTERS, text.lower())
    latin = to_latin()
    words = (match[0].translate(latin) for match in matches)
    return {word[:BRACKET_PREFIX_LETTERS] for word in words if len(word) > 1}


def _quoted(text: str) -> str:
    return text if len(text) <= MAX_QUOTED else f"{text[:MAX_QUOTED]}…"
