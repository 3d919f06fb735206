"""Round robin over weighted keys, and interleaving of iterators."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable, Iterable, Iterator
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
T = TypeVar("T")


def interleave(sources: Iterable[Iterator[T]]) -> Iterator[T]:
    """Yield one element of each source in turn until all sources are exhausted.

    Lazy: yielding n elements takes n steps.
    """
    active: Iterable[Iterator[T]] = sources
    while True:
        remaining = []
        for source in active:
            for element in source:
                yield element
                remaining.append(source)
                break
        if not remaining:
            return
        active = remaining


class RoundRobin(Generic[K]):
    """Keys that take turns, each with an amount of work of at least 0.

    A new key enters at the end. A key that returns enters at the front when all others had a
    turn since its last one: a caller that sends one request after another does not wait a full
    round for each. Every method except iteration takes constant time.

    history: number of absent keys whose last turn is remembered.
    """

    def __init__(self, history: int = 0) -> None:
        self._amounts: OrderedDict[K, int] = OrderedDict()
        self._turns: OrderedDict[K, int] = OrderedDict()
        self._last_turn = 0
        self._history = history
        # Number and sum of the amounts, by their bit length.
        self._levels: dict[int, tuple[int, int]] = {}
        self.total = 0

    def __len__(self) -> int:
        return len(self._amounts)

    def __iter__(self) -> Iterator[K]:
        return iter(self._amounts)

    def __contains__(self, key: object) -> bool:
        return key in self._amounts

    def amount(self, key: K) -> int:
        """Return the amount of a key; 0 for an absent key."""
        return self._amounts.get(key, 0)

    def add(self, key: K, amount: int) -> None:
        """Add a key, or add to the amount of a present key. amount: may be negative then."""
        before = self._amounts.get(key)
        after = (before or 0) + amount
        if before is not None:
            self._count(before, -1)
        self._amounts[key] = after
        self._count(after, 1)
        if before is None and self._enters_at_front(key):
            self._amounts.move_to_end(key, last=False)

    def _enters_at_front(self, key: K) -> bool:
        turn = self._turns.get(key)
        return turn is not None and turn < self._turns.get(next(iter(self._amounts)), 0)

    def drop(self, key: K) -> None:
        """Remove a key."""
        self._count(self._amounts.pop(key), -1)

    def mark_served(self, key: K) -> None:
        """Move a key to the end of the round."""
        self._amounts.move_to_end(key)
        self._last_turn += 1
        self._turns[key] = self._last_turn
        self._turns.move_to_end(key)
        if len(self._turns) > self._history:
            self._turns.popitem(last=False)

    def capped_total(self, cap: int, exclude: K | None = None) -> int:
        """Return the sum of the amounts of all keys except one, each limited to ``cap``.

        Exact, except for amounts with the same bit length as ``cap``: their part may be too
        high, by less than half of it.
        """
        excluded = None if exclude is None else self._amounts.get(exclude)
        excluded_level = -1 if excluded is None else excluded.bit_length()
        capped = 0
        for level, (count, total) in self._levels.items():
            if level == excluded_level:
                count, total = count - 1, total - (excluded or 0)
            capped += min(total, count * cap)
        return capped

    def _count(self, amount: int, sign: int) -> None:
        self.total += sign * amount
        level = amount.bit_length()
        count, total = self._levels.get(level, (0, 0))
        if count + sign:
            self._levels[level] = count + sign, total + sign * amount
        else:
            del self._levels[level]
