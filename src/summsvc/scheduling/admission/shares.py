"""How much waits for whom, and who may have more of it wait."""

from __future__ import annotations

from dataclasses import dataclass

from summsvc.scheduling.fairness.callers import Caller

BEYOND = 2.0
"""Times a limit up to which callers below their share may have work wait when others have
filled the queue. What these had let in before more callers came stays, so that something has
to be given beyond the limit: work that was let in is not thrown away."""

BEYOND_OF_ONE = 1.5
"""The same for a caller whose name is at its share, though the connection is not: however
many connections it has, the other half of a limit is for other names."""


@dataclass(frozen=True, slots=True)
class Share:
    """What waits for one caller among all, and what its part of a limit is.

    names: those for whom something waits, its own included. connections: those of its name,
    likewise. of_name: requests and tokens of its name. own: those of its connection.
    """

    names: int
    connections: int
    of_name: tuple[int, int]
    own: tuple[int, int]

    @classmethod
    def of_all(cls, waiting: tuple[int, int]) -> Share:
        """That of the only caller. waiting: requests and tokens."""
        return cls(1, 1, waiting, waiting)

    @property
    def callers(self) -> int:
        """One divided by the caller's part of the service."""
        return self.names * self.connections

    def lacking(self, limit: int, waiting: int, more: int, *, tokens: bool) -> float:
        """By how much there is no room for ``more``; 0 or less when there is.

        waiting: of all callers together. A caller below its share of the limit has room though
        others have filled it, up to ``BEYOND`` times the limit; and if nothing of it waits,
        whatever the others have.
        """
        beyond = self._above(limit, more, tokens=tokens)
        if self.own[0]:
            below = self.of_name[tokens] + more <= limit / self.names
            bound = limit * (BEYOND if below else BEYOND_OF_ONE)
            beyond = max(beyond, waiting + more - bound)
        return min(waiting + more - limit, beyond)

    def is_used(self, limit: int, more: int, *, tokens: bool) -> bool:
        """Whether the caller would be above its share with so much more."""
        return self._above(limit, more, tokens=tokens) > 0

    def is_small(self, waiting: int, times: int) -> bool:
        """Whether the caller's requests are so many times fewer than its part of those waiting."""
        return self.own[0] * self.callers * times < waiting

    def _above(self, limit: int, more: int, *, tokens: bool) -> float:
        return self.own[tokens] + more - max(1.0, limit / self.callers)


@dataclass(slots=True)
class _Load:
    requests: int = 0
    tokens: int = 0
    connections: int = 0


class Holdings:
    """Requests and tokens that wait, by name and by connection. All takes constant time."""

    def __init__(self) -> None:
        self.requests = self.tokens = 0
        self._names: dict[str, _Load] = {}
        self._connections: dict[Caller, _Load] = {}

    def change(self, caller: Caller, *, requests: int = 0, tokens: int = 0) -> None:
        """So much more of a caller waits, or less."""
        self.requests += requests
        self.tokens += tokens
        name = self._names.setdefault(caller.name, _Load())
        own = self._connections.get(caller)
        if own is None:
            own = self._connections[caller] = _Load()
            name.connections += 1
        for load in (name, own):
            load.requests += requests
            load.tokens += tokens
        if not own.requests and not own.tokens:
            del self._connections[caller]
            name.connections -= 1
        if not name.connections:
            del self._names[caller.name]

    def share(self, caller: Caller) -> Share:
        """A caller's, were it to have something more wait."""
        name = self._names.get(caller.name)
        own = self._connections.get(caller)
        of_name, of_own = name or _Load(), own or _Load()
        return Share(
            names=len(self._names) + (name is None),
            connections=of_name.connections + (own is None),
            of_name=(of_name.requests, of_name.tokens),
            own=(of_own.requests, of_own.tokens),
        )
