"""Terms that a model's output lacks, put into it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from summsvc.errors import SummsvcError
from summsvc.interruption import checked
from summsvc.tasks.pipeline.output import PipelineOutput
from summsvc.tasks.pipeline.pipeline import Pipeline
from summsvc.tasks.pipeline.sizes import size
from summsvc.tasks.quality.checks import Issue, attempts_cut
from summsvc.tasks.translation.glossary import Found, TermUse, around, places, uses
from summsvc.types import WarningType

_EDGES = " .,;:!?…\"'„“”«»"


@dataclass(frozen=True, slots=True)
class Unprotected:
    """A segment's text, an output for it, and the terms found in the text."""

    source: str
    output: str
    found: Sequence[Found]


@dataclass(frozen=True, slots=True)
class Protected:
    """An output with its terms. pieces: whether it was translated around them."""

    text: str
    terms: tuple[TermUse, ...]
    issues: tuple[Issue, ...] = ()
    pieces: bool = False


@dataclass(eq=False, slots=True)
class _Output:
    """An output so far. used: what became of its terms. cut: why no more was done, if so."""

    source: str
    text: str
    found: Sequence[Found]
    used: tuple[TermUse, ...]
    pieces: bool = False
    failed: bool = False
    cut: tuple[Issue, ...] = ()

    @property
    def lost(self) -> list[Found]:
        return [each for each, use in zip(self.found, self.used, strict=True) if not use.applied]


async def protect(pipeline: Pipeline, each: Sequence[Unprotected], target: str) -> list[Protected]:
    """See to it that outputs have the terms found in their sources.

    A term that is missing is translated alone; where the output says the same,
    in any inflected form, the term takes its place, and the sentence keeps its
    context. Otherwise the stretches between terms are translated apart. What is
    missing even then is a doubt. All outputs go together, in one submission for
    either way. target: BCP-47 code of the outputs.
    """
    offload = pipeline.workers.offload
    outputs = await offload(
        size(one.source + one.output for one in each),
        lambda: [
            _Output(one.source, one.output, one.found, uses(one.found, one.output, target))
            for one in each
        ],
    )
    for ask, put in ((_forms, _substitute), (_stretches, _put_between)):
        lacking = [output for output in outputs if output.lost and not output.failed]
        if not lacking:
            break
        results = await pipeline.again([ask(output) for output in lacking])

        await offload(
            size(one.source + one.text for one in lacking), _change, lacking, results, put, target
        )
    return [
        Protected(one.text, one.used, (*_doubts(one.lost), *one.cut), one.pieces) for one in outputs
    ]


def _change(
    lacking: Sequence[_Output],
    results: Sequence[list[PipelineOutput] | SummsvcError],
    put: Callable[[_Output, list[str], str], None],
    target: str,
) -> None:
    for output, result in zip(lacking, results, strict=True):
        if isinstance(result, SummsvcError):
            # Without time for it, or when the model fails, the output stands with what it lacks.
            output.failed, output.cut = True, tuple(attempts_cut(result))
        else:
            put(output, [each.text for each in result], target)
            output.used = uses(output.found, output.text, target)


def _doubts(lost: Sequence[Found]) -> list[Issue]:
    """A doubt for each term that is not there, once however often it is missing."""
    missing = {(each.source, each.target, each.kept) for each in lost}
    return [
        Issue(WarningType.TERM_LOST, f"“{wanted}” is not in the output", severe=False)
        if kept
        else Issue(
            WarningType.GLOSSARY_NOT_APPLIED,
            f"“{wanted}”, prescribed for “{source}”, is not in the output",
            severe=False,
        )
        for source, wanted, kept in sorted(missing)
    ]


def _forms(output: _Output) -> list[str]:
    """Missing terms as the source has them, to be translated alone."""
    return [form for form, _ in _wanted(output)]


def _wanted(output: _Output) -> list[tuple[str, str]]:
    """Each form of a missing term that is a word, and what it becomes."""
    forms = {(output.source[each.start : each.end], each.target) for each in output.lost}
    return sorted(form for form in forms if any(map(str.isalpha, form[0])))


def _substitute(output: _Output, alone: list[str], target: str) -> None:
    """Put missing terms in the places where the model translated them.

    A term is left alone unless the output has its translation exactly as often
    as the term is missing: any other place would be a guess.
    """
    wanted, lost = _wanted(output), output.lost
    output.text = _placed(output.source, output.text, wanted, alone, lost, target)


def _placed(
    source: str,
    output: str,
    wanted: Sequence[tuple[str, str]],
    alone: Sequence[str],
    lost: Sequence[Found],
    target: str,
) -> str:
    """The output with each wanted (form, becomes) where it says what the form alone became."""
    lacking = Counter((source[each.start : each.end], each.target) for each in lost)
    as_they_are = {each.target for each in lost if each.kept}
    said = [translation.strip(_EDGES) for translation in alone]
    there = places(((each, False) for each in said), output, target)
    changes: list[tuple[int, int, str]] = []
    for (form, becomes), each in zip(wanted, said, strict=True):
        spans = there[each, False]
        if len(spans) == lacking[form, becomes]:
            changes += [(start, end, becomes) for start, end in spans]
    changes.sort(reverse=True)
    pieces: list[str] = []
    following = len(output)
    for start, end, becomes in checked(changes):
        if end <= following:
            pieces.append(output[end:following])
            if becomes not in as_they_are and start == 0 and output[0].isupper():
                becomes = becomes[:1].upper() + becomes[1:]
            pieces.append(becomes)
            following = start
    pieces.append(output[:following])
    return "".join(reversed(pieces))


def _stretches(output: _Output) -> list[str]:
    """The stretches between terms that have words, to be translated on their own."""
    stretches = around(output.source, output.found)
    return [stretch.strip() for stretch in stretches if any(map(str.isalpha, stretch))]


def _put_between(output: _Output, translated: list[str], _target: str) -> None:
    """Put the terms between translated stretches."""
    stretches = around(output.source, output.found)
    wanted = [i for i, stretch in enumerate(stretches) if any(map(str.isalpha, stretch))]
    for i, text in zip(wanted, translated, strict=True):
        stretch = stretches[i]
        lead = stretch[: len(stretch) - len(stretch.lstrip())]
        tail = stretch[len(stretch.rstrip()) :]
        stretches[i] = lead + (text or stretch.strip()) + tail
    joined = stretches[0]
    for each, stretch in zip(output.found, stretches[1:], strict=True):
        joined += each.target + stretch
    output.text, output.pieces = joined, True
