"""How much work texts are beside a model, in code points, for ``TextWorkers.offload``."""

from __future__ import annotations

from collections.abc import Iterable

SEGMENT_OVERHEAD = 50
"""Code points that take as long as what is done once for a segment, however short."""


def size(texts: Iterable[str]) -> int:
    """Code points of texts, and some for each: what handling them costs beside its text."""
    return sum(len(text) + SEGMENT_OVERHEAD for text in texts)
