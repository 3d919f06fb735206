"""Thread-safe LRU cache of quality checks, shared by requests with equal segments and outputs."""

from __future__ import annotations

from collections.abc import Collection
from functools import lru_cache

from summsvc.tasks.quality.checks import Issue, assess

MAX_CACHED_PAIRS = 8192
"""Pairs of segment and output whose issues are cached: some articles with all their retries."""

MAX_CACHED_LENGTH = 1_000
"""Code points of the longest segment or output that is cached. It bounds the cache to a
few megabytes in usual use and to some tens of megabytes at most."""


class Checks:
    """``assess`` behind a cache. Safe to use from several threads.

    max_pairs: pairs of segment and output to cache; 0 disables the cache.
    """

    def __init__(self, max_pairs: int = MAX_CACHED_PAIRS) -> None:
        self._cached = lru_cache(max_pairs)(_assess)

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
        """The issues that ``assess`` finds with the same arguments, in a new list."""
        cacheable = max(len(source), len(output)) <= MAX_CACHED_LENGTH
        check = self._cached if cacheable else _assess
        return [*check(source, output, source_language, target, complete, frozenset(kept))]


def _assess(
    source: str,
    output: str,
    source_language: str,
    target: str,
    complete: bool,
    kept: frozenset[str],
) -> tuple[Issue, ...]:
    """``assess`` with hashable positional arguments and an immutable result."""
    issues = assess(
        source,
        output,
        source_language=source_language,
        target=target,
        complete=complete,
        kept=kept,
    )
    return tuple(issues)
