"""A bounded histogram of tokens by deadline."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from operator import attrgetter, itemgetter

MAX_GROUPS = 64
"""Groups of a histogram; adjacent deadlines are merged when there would be more."""


@dataclass(slots=True)
class DeadlineGroup:
    """Requests with deadlines from ``first`` to ``last``, and their tokens."""

    first: float
    last: float
    requests: int
    tokens: int


class DeadlineHistogram:
    """Tokens by deadline, in at most ``MAX_GROUPS`` groups of adjacent deadlines.

    When there would be more groups, the two that span the shortest time are merged: an
    adaptive histogram (Ben-Haim and Tom-Tov 2010). The time of every method is independent of
    the number of requests.
    """

    def __init__(self) -> None:
        self._groups: list[DeadlineGroup] = []

    def __iter__(self) -> Iterator[DeadlineGroup]:
        """Iterate over the groups, earliest first."""
        return iter(self._groups)

    def __len__(self) -> int:
        return len(self._groups)

    def add(self, deadline: float, tokens: int) -> None:
        """Add a request."""
        index = self._index(deadline)
        if index >= 0 and deadline <= self._groups[index].last:
            group = self._groups[index]
            group.requests += 1
            group.tokens += tokens
            return
        self._groups.insert(index + 1, DeadlineGroup(deadline, deadline, 1, tokens))
        if len(self._groups) > MAX_GROUPS:
            self._merge_closest()

    def change(self, deadline: float, tokens: int) -> None:
        """Add to the tokens of a request. tokens: negative to subtract."""
        self._groups[self._index(deadline)].tokens += tokens

    def remove(self, deadline: float, tokens: int) -> None:
        """Remove a request that has so many tokens."""
        index = self._index(deadline)
        group = self._groups[index]
        group.requests -= 1
        group.tokens -= tokens
        if not group.requests:
            del self._groups[index]

    def _index(self, deadline: float) -> int:
        """Return the index of the last group that starts at or before the deadline, or -1."""
        return bisect_right(self._groups, deadline, key=attrgetter("first")) - 1

    def _merge_closest(self) -> None:
        pairs = zip(self._groups, self._groups[1:], strict=False)
        spans = ((after.last - before.first, i) for i, (before, after) in enumerate(pairs))
        _, index = min(spans, key=itemgetter(0))
        before, after = self._groups[index], self._groups.pop(index + 1)
        before.last = after.last
        before.requests += after.requests
        before.tokens += after.tokens
