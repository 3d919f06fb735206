"""Callers, and the order in which what waits for them is served.

Fair queueing (Nagle 1987, RFC 970; Demers, Keshav and Shenker 1989) on two levels: round robin
over names, and over the connections of a name. Behind a proxy all callers have one address:
then their connections share.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterable, Iterator
from dataclasses import dataclass
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
E = TypeVar("E", bound=Hashable)
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks. name: of its token, or its address. connection: one of its connections."""

    name: str
    connection: str


ANONYMOUS = Caller("", "")
"""Whoever asks without a server, and work that is nobody's in particular."""


def round_robin(sources: Iterable[Iterator[T]]) -> Iterator[T]:
    """One element of each source in turn until all are empty.

    Takes from a source only what is asked for, so the first n elements cost n steps.
    """
    waiting: Iterable[Iterator[T]] = sources
    while True:
        left = []
        for source in waiting:
            for element in source:
                yield element
                left.append(source)
                break
        if not left:
            return
        waiting = left


REMEMBERED = 1024
"""Names, and connections of a name, whose last turn is known when they come back."""


class Ring(Generic[K]):
    """Keys that take turns, each with an amount of work, at least 0.

    A key enters at the end; one that comes back enters in front when all had a turn since its
    last: who asks for one thing after the other does not wait a round each time. All but
    iterating takes constant time. remembered: keys of which that is known.
    """

    def __init__(self, remembered: int = 0) -> None:
        self._amounts: OrderedDict[K, int] = OrderedDict()
        self._turns: OrderedDict[K, int] = OrderedDict()
        self._last_turn = 0
        self._remembered = remembered
        # By the bit length of amounts: how many there are, and their sum.
        self._levels: dict[int, tuple[int, int]] = {}
        self.total = 0

    def __len__(self) -> int:
        return len(self._amounts)

    def __iter__(self) -> Iterator[K]:
        return iter(self._amounts)

    def __contains__(self, key: object) -> bool:
        return key in self._amounts

    def amount(self, key: K) -> int:
        """The amount of a key; 0 of one that is not here."""
        return self._amounts.get(key, 0)

    def add(self, key: K, amount: int) -> None:
        """Let a key take turns, or add to the amount of one that does."""
        before = self._amounts.get(key)
        after = (before or 0) + amount
        if before is not None:
            self._count(before, -1)
        self._amounts[key] = after
        self._count(after, 1)
        if before is None and self._is_next(key):
            self._amounts.move_to_end(key, last=False)

    def _is_next(self, key: K) -> bool:
        own = self._turns.get(key)
        return own is not None and own < self._turns.get(next(iter(self._amounts)), 0)

    def drop(self, key: K) -> None:
        """Forget a key."""
        self._count(self._amounts.pop(key), -1)

    def served(self, key: K) -> None:
        """Have a key wait until all others had their turn."""
        self._amounts.move_to_end(key)
        self._last_turn += 1
        self._turns[key] = self._last_turn
        self._turns.move_to_end(key)
        if len(self._turns) > self._remembered:
            self._turns.popitem(last=False)

    def capped(self, most: int, but: K | None = None) -> int:
        """Sum of the amounts of all keys but one, of each at most ``most``.

        Exact but for amounts with as many bits as ``most``, whose part may be too large, by
        less than half of it.
        """
        own = None if but is None else self._amounts.get(but)
        own_level = -1 if own is None else own.bit_length()
        found = 0
        for level, (count, total) in self._levels.items():
            if level == own_level:
                count, total = count - 1, total - (own or 0)
            found += min(total, count * most)
        return found

    def _count(self, amount: int, sign: int) -> None:
        self.total += sign * amount
        level = amount.bit_length()
        count, total = self._levels.get(level, (0, 0))
        if count + sign:
            self._levels[level] = count + sign, total + sign * amount
        else:
            del self._levels[level]


class FairOrder(Generic[E]):
    """Entries that wait, each for a caller and with an amount of work, at least 0."""

    def __init__(self) -> None:
        self._names: Ring[str] = Ring(REMEMBERED)
        self._connections: dict[str, Ring[str]] = {}
        self._entries: dict[Caller, Ring[E]] = {}
        self._count = 0

    def __len__(self) -> int:
        return self._count

    @property
    def total(self) -> int:
        """Amount of all entries."""
        return self._names.total

    def entries(self, caller: Caller) -> Ring[E]:
        """What waits for one connection."""
        return self._entries.get(caller) or Ring()

    def add(self, caller: Caller, entry: E, amount: int) -> None:
        """Let an entry wait, or change the amount of one that does."""
        entries = self._entries.get(caller)
        if entries is None:
            entries = self._entries[caller] = Ring()
            self._connections.setdefault(caller.name, Ring(REMEMBERED))
        self._count += entry not in entries
        entries.add(entry, amount)
        self._connections[caller.name].add(caller.connection, amount)
        self._names.add(caller.name, amount)

    def remove(self, caller: Caller, entry: E) -> None:
        """Forget an entry that waits."""
        entries, connections = self._entries[caller], self._connections[caller.name]
        amount = entries.amount(entry)
        self._count -= 1
        entries.drop(entry)
        connections.add(caller.connection, -amount)
        self._names.add(caller.name, -amount)
        if not entries:
            del self._entries[caller]
            connections.drop(caller.connection)
        if not connections:
            del self._connections[caller.name]
            self._names.drop(caller.name)

    def turn(self) -> Caller | None:
        """Whose turn it is; None where nothing waits."""
        for name in self._names:
            for connection in self._connections[name]:
                return Caller(name, connection)
        return None

    def served(self, caller: Caller) -> None:
        """Have a caller for whom something waits wait until all others had their turn."""
        self._connections[caller.name].served(caller.connection)
        self._names.served(caller.name)

    def pop(self) -> E | None:
        """Take the entry whose turn it is, of its caller's the first; None where nothing waits."""
        caller = self.turn()
        if caller is None:
            return None
        entry = next(iter(self._entries[caller]))
        self.served(caller)
        self.remove(caller, entry)
        return entry

    def in_turn(self, of: Callable[[Caller, Ring[E]], Iterator[T]]) -> Iterator[T]:
        """One element of each caller in turn. of: the elements of a caller, given its entries."""
        return round_robin(self._of_name(name, of) for name in self._names)

    def _of_name(self, name: str, of: Callable[[Caller, Ring[E]], Iterator[T]]) -> Iterator[T]:
        callers = (Caller(name, connection) for connection in self._connections[name])
        return round_robin(of(caller, self._entries[caller]) for caller in callers)

    def with_others(self, caller: Caller, amount: int) -> int:
        """What is served until so much of a caller is, all callers together.

        While everybody takes turns no other connection is served more than this one, and no
        other name more than this one's connections together. An estimate, see ``Ring.capped``.
        """
        connections = self._connections.get(caller.name)
        if connections is not None:
            amount += connections.capped(amount, but=caller.connection)
        return amount + self._names.capped(amount, but=caller.name)
