"""Word alignment of an output from the attention of its tokens."""

from __future__ import annotations

from collections.abc import Sequence

from summsvc.engines.base import AlignedSpan
from summsvc.engines.onnxruntime.vocabulary import Span


def align(
    text: str,
    output: str,
    source_spans: Sequence[Span],
    target_spans: Sequence[Span],
    attended: Sequence[int],
) -> tuple[AlignedSpan, ...]:
    """One span for each output token, without the spaces around it.

    attended: for each output token the index of the source token that it attends to most; that
    of the end marker, after the last of ``source_spans``, stands for none. Tokens without text
    are left out.
    """
    spans = []
    for (start, end), index in zip(target_spans, attended, strict=False):
        if index >= len(source_spans):
            continue
        source = _trim(text, *source_spans[index])
        target = _trim(output, start, end)
        if source[0] < source[1] and target[0] < target[1]:
            spans.append(AlignedSpan(*source, *target))
    return tuple(spans)


def _trim(text: str, start: int, end: int) -> Span:
    """The span without spaces at its ends."""
    part = text[start:end]
    start += len(part) - len(part.lstrip())
    return start, start + len(part.strip())
