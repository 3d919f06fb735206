"""Callers, and the fair order in which their waiting entries are served.

Fair queueing (Nagle 1987, RFC 970; Demers, Keshav and Shenker 1989) on two levels: round robin
over caller names, and over the connections of a name. Behind a proxy, all callers have one
address. Unless they are named by their tokens, their connections then share one name's turns.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from summsvc.scheduling.fairness.round_robin import RoundRobin, interleave

E = TypeVar("E", bound=Hashable)
T = TypeVar("T")

TURN_HISTORY = 1024
"""Names, and connections of a name, whose last turn is remembered after they leave."""


@dataclass(frozen=True, slots=True)
class CallerLimits:
    """Limits of one caller name; 0: no limit.

    max_calls: calls in flight. max_queued_tokens: tokens that wait for one model.
    max_batch_articles: articles of one batch call.
    """

    max_calls: int = 0
    max_queued_tokens: int = 0
    max_batch_articles: int = 0

    def batch_articles(self, server: int) -> int:
        """Return the most articles of a batch. server: the most that any caller may send."""
        return min(server, self.max_batch_articles or server)


NO_LIMITS = CallerLimits()


@dataclass(frozen=True, slots=True)
class Caller:
    """The sender of a request.

    name: its name in the token file, its token's name, or its address. connection: its peer.
    limits: the limits of its name when the call began. label: its value of the metrics' label
    ``caller``, of which there is a bounded number. Two callers are equal by name and connection.
    """

    name: str
    connection: str
    limits: CallerLimits = field(default=NO_LIMITS, compare=False)
    label: str = field(default="anonymous", compare=False)


ANONYMOUS = Caller("", "")
"""The caller of requests made without a server, and of work that belongs to no caller."""


class FairOrder(Generic[E]):
    """Waiting entries in fair order. Each has a caller, and an amount of work of at least 0."""

    def __init__(self) -> None:
        self._names: RoundRobin[str] = RoundRobin(TURN_HISTORY)
        self._connections: dict[str, RoundRobin[str]] = {}
        self._entries: dict[Caller, RoundRobin[E]] = {}
        self._count = 0

    def __len__(self) -> int:
        return self._count

    @property
    def total(self) -> int:
        """Amount of all entries."""
        return self._names.total

    def entries(self, caller: Caller) -> RoundRobin[E]:
        """Return the waiting entries of one connection."""
        entries = self._entries.get(caller)
        return RoundRobin() if entries is None else entries

    def add(self, caller: Caller, entry: E, amount: int) -> None:
        """Add an entry, or add to the amount of a waiting entry."""
        entries = self._entries.get(caller)
        if entries is None:
            entries = self._entries[caller] = RoundRobin()
            self._connections.setdefault(caller.name, RoundRobin(TURN_HISTORY))
        self._count += entry not in entries
        entries.add(entry, amount)
        self._connections[caller.name].add(caller.connection, amount)
        self._names.add(caller.name, amount)

    def remove(self, caller: Caller, entry: E) -> None:
        """Remove a waiting entry."""
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

    def next_caller(self) -> Caller | None:
        """Return the caller whose turn it is; None when no entry waits."""
        for name in self._names:
            for connection in self._connections[name]:
                return Caller(name, connection)
        return None

    def first(self) -> E | None:
        """Return the first entry of the caller whose turn it is; None when no entry waits."""
        caller = self.next_caller()
        return None if caller is None else next(iter(self._entries[caller]))

    def mark_served(self, caller: Caller) -> None:
        """Move a caller with waiting entries to the end of the round."""
        self._connections[caller.name].mark_served(caller.connection)
        self._names.mark_served(caller.name)

    def pop(self) -> E | None:
        """Remove and return the entry that ``first`` returns, and end its caller's turn."""
        caller = self.next_caller()
        if caller is None:
            return None
        entry = next(iter(self._entries[caller]))
        self.mark_served(caller)
        self.remove(caller, entry)
        return entry

    def in_turn(self, elements: Callable[[Caller, RoundRobin[E]], Iterator[T]]) -> Iterator[T]:
        """Yield one element of each caller in turn.

        elements: returns the elements of a caller, given its entries.
        """
        if len(self._entries) == 1:
            return elements(*next(iter(self._entries.items())))
        return interleave(self._of_name(name, elements) for name in self._names)

    def _of_name(
        self, name: str, elements: Callable[[Caller, RoundRobin[E]], Iterator[T]]
    ) -> Iterator[T]:
        callers = (Caller(name, connection) for connection in self._connections[name])
        return interleave(elements(caller, self._entries[caller]) for caller in callers)

    def served_until(self, caller: Caller, amount: int) -> int:
        """Return the amount that all callers are served until one caller is served ``amount``.

        While all callers take turns, no other connection is served more than this one, and no
        other name more than all connections of this name. An estimate, see
        ``RoundRobin.capped_total``.
        """
        connections = self._connections.get(caller.name)
        if connections is not None:
            amount += connections.capped_total(amount, exclude=caller.connection)
        return amount + self._names.capped_total(amount, exclude=caller.name)
