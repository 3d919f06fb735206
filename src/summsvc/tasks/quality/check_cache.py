"""Doubts about outputs, looked for once for all requests with the same segment and output."""

from __future__ import annotations

from collections.abc import Collection
from functools import lru_cache

from summsvc.tasks.quality.checks import Issue, assess

RECENT = 8192
"""Pairs of segment and output whose doubts are remembered: some articles with all attempts."""

LONGEST = 1_000
"""Code points of a segment or an output beyond which nothing is remembered; so all that is
takes a few megabytes, and some tens at the very most."""


class Checks:
    """``assess`` with a memory, for several threads at once. recent: as ``RECENT``; 0: none."""

    def __init__(self, recent: int = RECENT) -> None:
        self._remembered = lru_cache(recent)(_assessed)

    def issues(
        self,
        source: str,
        output: str,
        *,
        source_language: str,
        target: str,
        complete: bool,
        kept: Collection[str] = (),
    ) -> list[Issue]:
        """The same as ``assess``."""
        short = max(len(source), len(output)) <= LONGEST
        look = self._remembered if short else _assessed
        return [*look(source, output, source_language, target, complete, frozenset(kept))]


def _assessed(
    source: str,
    output: str,
    source_language: str,
    target: str,
    complete: bool,
    kept: frozenset[str],
) -> tuple[Issue, ...]:
    found = assess(
        source,
        output,
        source_language=source_language,
        target=target,
        complete=complete,
        kept=kept,
    )
    return tuple(found)
