"""Insertion of protected terms and glossary terms that a translation lacks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import TypeVar

from summsvc.alignment import (
    AlignedSpan,
    Alignment,
    Change,
    edited,
    merged,
    overlaps,
    shifted,
    targets_of,
)
from summsvc.errors import SummsvcError
from summsvc.interruption import checked
from summsvc.scheduling.jobs import RetryCause
from summsvc.tasks.pipeline.pipeline import Pipeline
from summsvc.tasks.pipeline.stage import PipelineOutput
from summsvc.tasks.pipeline.text_workers import work_size
from summsvc.tasks.quality.checks import Issue, attempts_cut
from summsvc.tasks.translation.glossary import Found, around
from summsvc.tasks.translation.term_uses import TermUse, places, uses
from summsvc.types import WarningType

_EDGES = " .,;:!?…\"'„“”«»"

T = TypeVar("T")


@dataclass(eq=False, slots=True)
class TermOutput:
    """An output with the terms inserted so far.

    source: the segment's text. found: the terms in it. used: which of them the output has.
    pieces: whether the text between the terms was translated apart. error: of a model, after
    which nothing more is inserted. alignment: of the text, as in ``Generated``.
    """

    source: str
    text: str
    found: Sequence[Found]
    used: tuple[TermUse, ...]
    pieces: bool = False
    error: SummsvcError | None = None
    attempts: int = 0
    alignment: Alignment = ()

    @staticmethod
    def of(
        source: str, text: str, found: Sequence[Found], target: str, alignment: Alignment = ()
    ) -> TermOutput:
        """An output as a model gave it. target: BCP-47 code of the output."""
        used = uses(found, text, target, alignment) if found else ()
        return TermOutput(source, text, found, used, alignment=alignment)

    @property
    def lost(self) -> list[Found]:
        """The terms that the output lacks."""
        return [each for each, use in zip(self.found, self.used, strict=True) if not use.applied]

    @property
    def lacking(self) -> bool:
        """Whether the output lacks a term and there is another way to insert it."""
        return self.attempts < len(_WAYS) and self.error is None and bool(self.lost)

    @property
    def issues(self) -> list[Issue]:
        """One issue for each different term that is missing, and for a skipped attempt."""
        missing = {(each.source, each.target, each.kept) for each in self.lost}
        issues = [
            Issue(WarningType.TERM_LOST, f"“{wanted}” is not in the output", severe=False)
            if kept
            else Issue(
                WarningType.GLOSSARY_NOT_APPLIED,
                f"“{wanted}”, prescribed for “{source}”, is not in the output",
                severe=False,
            )
            for source, wanted, kept in sorted(missing)
        ]
        return issues + (attempts_cut(self.error) if self.error else [])


def any_lacking(outputs: Sequence[TermOutput]) -> bool:
    """Whether one of the outputs lacks a term that may still be inserted."""
    return any(output.lacking for output in outputs)


async def enforce_terms(
    pipeline: Pipeline, outputs: Sequence[TermOutput], target: str, then: Callable[[], T]
) -> T | None:
    """Insert the terms that outputs lack.

    First each missing term is translated alone; where the output contains that translation,
    in any inflected form, the term replaces it, and the sentence keeps its context. For
    terms still missing, the text between the terms is translated apart. A term missing even
    then is an issue. All outputs are submitted together, once for each way.

    target: BCP-47 code of the outputs. then: called in the worker after each way. Returns
    the last result of ``then``, None where no output lacks a term.
    """

    def insert(
        lacking: Sequence[TermOutput], results: Sequence[list[PipelineOutput] | SummsvcError]
    ) -> T:
        for output, result in zip(lacking, results, strict=True):
            if isinstance(result, SummsvcError):
                output.error = result
                continue
            _, put = _WAYS[output.attempts]
            output.attempts += 1
            put(output, result, target)
            output.used = uses(output.found, output.text, target, output.alignment)
        return then()

    done: T | None = None
    while lacking := [output for output in outputs if output.lacking]:
        texts = [_WAYS[each.attempts][0](each) for each in lacking]
        results = await pipeline.retry(texts, cause=RetryCause.TERM)
        size = work_size([each.source + each.text for each in lacking])
        done = await pipeline.workers.offload(size, insert, lacking, results)
    return done


def _forms(output: TermOutput) -> list[str]:
    """The missing terms as the source has them, to be translated alone."""
    return [form for form, _ in _wanted(output)]


def _wanted(output: TermOutput) -> list[tuple[str, str]]:
    """Each form of a missing term that has a letter, and its target."""
    forms = {(output.source[each.start : each.end], each.target) for each in output.lost}
    return sorted(form for form in forms if any(map(str.isalpha, form[0])))


def _substitute(output: TermOutput, alone: list[PipelineOutput], target: str) -> None:
    """Replace the model's translations of missing terms.

    A translation is replaced only where the output, or the part of it that is aligned with
    the missing terms, contains it exactly as often as the term is missing: otherwise the place
    would be a guess.
    """
    said = [each.text for each in alone]
    changes = _changes(
        output.source, output.text, _wanted(output), said, output.lost, target, output.alignment
    )
    output.text = _changed(output.text, changes)
    output.alignment = edited(output.alignment, changes)


def _changes(
    source: str,
    output: str,
    wanted: Sequence[tuple[str, str]],
    alone: Sequence[str],
    lost: Sequence[Found],
    target: str,
    alignment: Alignment = (),
) -> list[Change]:
    """The changes that put each wanted target in place of the translation of its form.

    wanted: (form, target) pairs. alone: the translation of each form alone.
    """
    lacking = Counter((source[each.start : each.end], each.target) for each in lost)
    as_they_are = {each.target for each in lost if each.kept}
    said = [translation.strip(_EDGES) for translation in alone]
    there = places(((each, False) for each in said), output, target)
    ranges = targets_of([(each.start, each.end) for each in lost], alignment)
    likely = merged(span for spans in ranges for span in spans)
    changes: list[Change] = []
    for (form, becomes), each in zip(wanted, said, strict=True):
        spans = there[each, False]
        if len(spans) > lacking[form, becomes]:
            spans = [span for span in spans if overlaps(likely, *span)]
        if len(spans) == lacking[form, becomes]:
            changes += [(start, end, becomes) for start, end in spans]
    changes.sort(reverse=True)
    chosen: list[Change] = []
    following = len(output)
    for start, end, becomes in checked(changes):
        if end <= following:
            if becomes not in as_they_are and start == 0 and output[0].isupper():
                becomes = becomes[:1].upper() + becomes[1:]
            chosen.append((start, end, becomes))
            following = start
    return chosen[::-1]


def _changed(text: str, changes: Sequence[Change]) -> str:
    pieces: list[str] = []
    at = 0
    for start, end, becomes in checked(changes):
        pieces += [text[at:start], becomes]
        at = end
    return "".join([*pieces, text[at:]])


def _stretches(output: TermOutput) -> list[str]:
    """The text between terms where it has a letter, to be translated apart."""
    stretches = around(output.source, output.found)
    return [stretch.strip() for stretch in stretches if any(map(str.isalpha, stretch))]


def _put_between(output: TermOutput, translated: list[PipelineOutput], _target: str) -> None:
    """Join the terms with the translated text between them."""
    stretches = around(output.source, output.found)
    following = iter(translated)
    parts: list[str] = []
    spans: list[AlignedSpan] = []
    source = target = 0
    for stretch, each in zip_longest(stretches, output.found):
        lead = len(stretch) - len(stretch.lstrip())
        if any(map(str.isalpha, stretch)):
            said = next(following)
            spans += shifted(said.alignment, source + lead, target + lead)
            tail = stretch[len(stretch.rstrip()) :]
            stretch = stretch[:lead] + (said.text or stretch.strip()) + tail
        parts.append(stretch)
        target += len(stretch)
        if each is not None:
            spans.append(AlignedSpan(each.start, each.end, target, target + len(each.target)))
            parts.append(each.target)
            source, target = each.end, target + len(each.target)
    output.text, output.pieces = "".join(parts), True
    output.alignment = tuple(spans) if output.alignment else ()


_WAYS: tuple[
    tuple[
        Callable[[TermOutput], list[str]],
        Callable[[TermOutput, list[PipelineOutput], str], None],
    ],
    ...,
] = ((_forms, _substitute), (_stretches, _put_between))
"""The texts to translate, and how their translations are used, in order."""
