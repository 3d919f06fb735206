"""Post-processing of a chunk summary: cleaned, complete sentences and the worst quality issue."""

from __future__ import annotations

import re
from dataclasses import dataclass

from summsvc.articles import sentences
from summsvc.tasks.pipeline.stage import PipelineOutput
from summsvc.tasks.quality.checks import Issue, assess
from summsvc.types import WarningType

_SENTENCE_END = re.compile(r"[.!?…‽。！？][\"'”’»)\]]*\Z")
# PEGASUS writes <n> for a line break; models trained on tokenized news put a space before marks.
_LINE_BREAK = re.compile(r"(?:<n>|\s)+")
_SPACE_BEFORE_MARK = re.compile(r" (?=[.,](?:\s|\Z))")
# Some models were trained on summaries whose line breaks were lost.
_MISSING_SPACE = re.compile(r"(?<=[^\W\d_A-Z]{2}[.!?])(?=[^\W\d_a-z][^\W\d_A-Z])")

SUMMARY_ISSUES = frozenset(
    (WarningType.REPETITION, WarningType.WRONG_SCRIPT, WarningType.WRONG_LANGUAGE)
)
"""Checks of translations that apply to summaries too."""


@dataclass(frozen=True, slots=True)
class ChunkSummary:
    """The sentences of a chunk's summary.

    issue: the worst issue; always set when there is no sentence. retried: a retry
    gave this summary.
    """

    sentences: tuple[str, ...]
    issue: Issue | None = None
    retried: bool = False

    @property
    def severity(self) -> int:
        """0 without an issue, 1 with an issue, 2 without a sentence."""
        if self.issue is None:
            return 0
        return 1 if self.sentences else 2


def postprocess(source: str, output: PipelineOutput, language: str) -> ChunkSummary:
    """The whole sentences of a model's output.

    source: text of the chunk. language: BCP-47 code. A last sentence that the length
    limit ended is dropped. Without any sentence the issue states the cause: EMPTY_OUTPUT
    or OUTPUT_TRUNCATED.
    """
    text = _SPACE_BEFORE_MARK.sub("", _LINE_BREAK.sub(" ", output.text)).strip()
    text = _MISSING_SPACE.sub(lambda match: _separator(text, match.start(), source), text)
    found = [text[begin:end] for begin, end in sentences.split(text, language)]
    if found and not output.complete and not _is_whole(found[-1], language):
        found.pop()
        if not found:
            message = "the model's sentence reached the length limit"
            return ChunkSummary((), Issue(WarningType.OUTPUT_TRUNCATED, message, severe=True))
    if not found:
        message = "the model returned no text"
        return ChunkSummary((), Issue(WarningType.EMPTY_OUTPUT, message, severe=True))
    issues = assess(
        source, " ".join(found), source_language=language, target=language, complete=True
    )
    relevant = (issue for issue in issues if issue.severe and issue.type in SUMMARY_ISSUES)
    return ChunkSummary(tuple(found), next(relevant, None))


def _separator(text: str, index: int, source: str) -> str:
    """A space, or "" when the source has the words around it without one: Booking.Com."""
    before = re.search(r"\w+\W\Z", text[max(0, index - 40) : index])
    after = re.match(r"\w+", text[index : index + 40])
    known = before and after and before[0] + after[0] in source
    return "" if known else " "


def _is_whole(text: str, language: str) -> bool:
    """Whether a sentence is complete; "in the U.S." may be continued."""
    return (
        _SENTENCE_END.search(text) is not None
        and len(list(sentences.split(f"{text} The", language))) > 1
    )
