"""How many tokens are due by when."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from operator import attrgetter, itemgetter

MOST_GROUPS = 64
"""More deadlines than this are looked at in groups."""


@dataclass(slots=True)
class Group:
    """Requests with deadlines from ``first`` to ``last``, and their tokens."""

    first: float
    last: float
    requests: int
    tokens: int


class Demand:
    """Tokens by deadline, in at most ``MOST_GROUPS`` groups of adjacent deadlines.

    The two that are nearest to each other are joined where there would be more: a histogram
    that adapts to what comes (Ben-Haim and Tom-Tov 2010). Every method takes time that does
    not depend on how many requests there are.
    """

    def __init__(self) -> None:
        self._groups: list[Group] = []

    def __iter__(self) -> Iterator[Group]:
        """The groups, earliest first."""
        return iter(self._groups)

    def __len__(self) -> int:
        return len(self._groups)

    def add(self, deadline: float, tokens: int) -> None:
        """Count a request in."""
        at = self._at(deadline)
        if at >= 0 and deadline <= self._groups[at].last:
            group = self._groups[at]
            group.requests += 1
            group.tokens += tokens
            return
        self._groups.insert(at + 1, Group(deadline, deadline, 1, tokens))
        if len(self._groups) > MOST_GROUPS:
            self._join()

    def change(self, deadline: float, tokens: int) -> None:
        """A request that was counted has so many tokens more, or fewer."""
        self._groups[self._at(deadline)].tokens += tokens

    def remove(self, deadline: float, tokens: int) -> None:
        """Count a request out that has so many tokens."""
        at = self._at(deadline)
        group = self._groups[at]
        group.requests -= 1
        group.tokens -= tokens
        if not group.requests:
            del self._groups[at]

    def _at(self, deadline: float) -> int:
        """The last group that begins by then, or -1."""
        return bisect_right(self._groups, deadline, key=attrgetter("first")) - 1

    def _join(self) -> None:
        pairs = zip(self._groups, self._groups[1:], strict=False)
        spans = ((after.last - before.first, i) for i, (before, after) in enumerate(pairs))
        _, at = min(spans, key=itemgetter(0))
        before, after = self._groups[at], self._groups.pop(at + 1)
        before.last = after.last
        before.requests += after.requests
        before.tokens += after.tokens
