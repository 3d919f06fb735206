"""What a model wrote about a part, as whole sentences, and what is doubtful about it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from summsvc.articles import sentences
from summsvc.articles.length import Length
from summsvc.tasks.pipeline.stage import PipelineOutput
from summsvc.tasks.quality.checks import Issue, assess
from summsvc.tasks.summarization.lexrank import Candidate, rank, select
from summsvc.types import WarningType

_ENDS = re.compile(r"[.!?…‽。！？][\"'”’»)\]]*\Z")
# PEGASUS writes <n> for a line break; models trained on tokenized news put a space before marks.
_BREAK = re.compile(r"(?:<n>|\s)+")
_LOOSE_MARK = re.compile(r" (?=[.,](?:\s|\Z))")
# Some were trained on summaries whose line breaks were lost.
_GLUED = re.compile(r"(?<=[^\W\d_A-Z]{2}[.!?])(?=[^\W\d_a-z][^\W\d_A-Z])")
_MATTERS = frozenset((WarningType.REPETITION, WarningType.WRONG_SCRIPT, WarningType.WRONG_LANGUAGE))
"""Doubts about translations that are doubts about summaries too."""


@dataclass(frozen=True, slots=True)
class Written:
    """Sentences about a part, at least one. doubt: the worst there is about them."""

    sentences: tuple[str, ...]
    issue: Issue | None = None
    retried: bool = False

    @property
    def severity(self) -> int:
        """Lower is better."""
        if self.issue is None:
            return 0
        return 1 if self.sentences else 2


def written(source: str, output: PipelineOutput, language: str) -> Written:
    """The whole sentences of an output.

    A last one that a length limit cut off is left out. Without any sentence the
    doubt says why: EMPTY_OUTPUT or OUTPUT_TRUNCATED.
    """
    text = _LOOSE_MARK.sub("", _BREAK.sub(" ", output.text)).strip()
    text = _GLUED.sub(lambda gap: _gap(text, gap.start(), source), text)
    found = [text[begin:end] for begin, end in sentences.split(text, language)]
    if found and not output.complete and not _is_whole(found[-1], language):
        found.pop()
        if not found:
            message = "the model's sentence reached the length limit"
            return Written((), Issue(WarningType.OUTPUT_TRUNCATED, message, severe=True))
    if not found:
        return Written((), Issue(WarningType.EMPTY_OUTPUT, "the model wrote nothing", severe=True))
    issues = assess(
        source, " ".join(found), source_language=language, target=language, complete=True
    )
    matter = (issue for issue in issues if issue.severe and issue.type in _MATTERS)
    return Written(tuple(found), next(matter, None))


def _gap(text: str, at: int, source: str) -> str:
    """A space, unless the source has both words without one: Booking.Com."""
    before = re.search(r"\w+\W\Z", text[max(0, at - 40) : at])
    after = re.match(r"\w+", text[at : at + 40])
    known = before and after and before[0] + after[0] in source
    return "" if known else " "


def central(texts: Sequence[str], language: str, length: Length) -> tuple[str, ...]:
    """The sentences that an extractive summary takes of some texts; at least one."""
    candidates = [Candidate(text) for text in texts]
    selection = select(candidates, rank(candidates, title="", language=language), length)
    return tuple(texts[i] for i in selection.chosen)


def _is_whole(text: str, language: str) -> bool:
    """Whether a sentence ends where it stops: "in the U.S." may go on."""
    return (
        _ENDS.search(text) is not None and len(list(sentences.split(f"{text} The", language))) > 1
    )
