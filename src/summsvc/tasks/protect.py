"""Terms that a model's output lacks, put into it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from summsvc.articles.article import WarningType
from summsvc.errors import SummsvcError
from summsvc.interruption import checked
from summsvc.tasks.chain import Chain
from summsvc.tasks.guards import Doubt, attempts_cut
from summsvc.tasks.terms import Found, TermUse, around, places, uses

_EDGES = " .,;:!?…\"'„“”«»"


@dataclass(frozen=True, slots=True)
class Protected:
    """An output with its terms. pieces: whether it was translated around them."""

    text: str
    terms: tuple[TermUse, ...]
    doubts: tuple[Doubt, ...] = ()
    pieces: bool = False


async def protect(
    chain: Chain, source: str, output: str, found: Sequence[Found], target: str
) -> Protected:
    """See to it that an output has the terms found in its source.

    A term that is missing is translated alone; where the output says the same,
    in any inflected form, the term takes its place, and the sentence keeps its
    context. Otherwise the stretches between terms are translated apart. What is
    missing even then is a doubt. target: BCP-47 code of the output.
    """
    beside, size = chain.workers.beside, len(source)
    used = await beside(size, uses, found, output, target)
    if all(use.applied for use in used):
        return Protected(output, used)
    text, pieces, cut = output, False, list[Doubt]()
    try:
        text = await _substituted(chain, source, output, found, used, target)
        used = await beside(size, uses, found, text, target)
        if not all(use.applied for use in used):
            text = await _around_terms(chain, source, found)
            used = await beside(size, uses, found, text, target)
            pieces = True
    except SummsvcError as error:
        # Without time for it, or when the model fails, the output stands with what it lacks.
        cut = attempts_cut(error)
    return Protected(text, used, (*_lost(found, used), *cut), pieces)


def _lost(found: Sequence[Found], used: Sequence[TermUse]) -> list[Doubt]:
    """A doubt for each term that is not there, once however often it is missing."""
    missing = {
        (each.source, each.target, each.kept)
        for each, use in zip(found, used, strict=True)
        if not use.applied
    }
    return [
        Doubt(WarningType.TERM_LOST, f"“{wanted}” is not in the output", severe=False)
        if kept
        else Doubt(
            WarningType.GLOSSARY_NOT_APPLIED,
            f"“{wanted}”, prescribed for “{source}”, is not in the output",
            severe=False,
        )
        for source, wanted, kept in sorted(missing)
    ]


async def _substituted(
    chain: Chain,
    source: str,
    output: str,
    found: Sequence[Found],
    used: Sequence[TermUse],
    target: str,
) -> str:
    """The output with missing terms in the places where the model translated them.

    A term is left alone unless the output has its translation exactly as often
    as the term is missing: any other place would be a guess.
    """
    lost = [each for each, use in zip(found, used, strict=True) if not use.applied]
    forms = {(source[each.start : each.end], each.target) for each in lost}
    wanted = sorted(form for form in forms if any(map(str.isalpha, form[0])))
    alone = await chain.again([form for form, _ in wanted])
    return await chain.workers.beside(
        len(output), _placed, source, output, wanted, [each.text for each in alone], lost, target
    )


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


async def _around_terms(chain: Chain, text: str, found: Sequence[Found]) -> str:
    """Translate the stretches between terms on their own and put the terms between them."""
    stretches = around(text, found)
    wanted = [i for i, stretch in enumerate(stretches) if any(map(str.isalpha, stretch))]
    outputs = await chain.again([stretches[i].strip() for i in wanted])
    for i, output in zip(wanted, outputs, strict=True):
        stretch = stretches[i]
        lead = stretch[: len(stretch) - len(stretch.lstrip())]
        tail = stretch[len(stretch.rstrip()) :]
        stretches[i] = lead + (output.text or stretch.strip()) + tail
    joined = stretches[0]
    for each, stretch in zip(found, stretches[1:], strict=True):
        joined += each.target + stretch
    return joined
