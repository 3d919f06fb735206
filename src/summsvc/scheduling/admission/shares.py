"""Fair shares of a queue limit: the backlog of each caller and the part that it may use.

A caller is one connection under a name (see ``Caller``). Names share the limit equally; the
connections of a name share the name's part equally.
"""

from __future__ import annotations

from dataclasses import dataclass

from summsvc.scheduling.fairness.callers import Caller

BURST_FACTOR = 2.0
"""Multiple of a limit up to which callers below their share are admitted when other callers have
filled the queue. Work that those callers had admitted before more callers came stays in the
queue, so the limit has to be exceeded: admitted work always completes."""

CONNECTION_BURST_FACTOR = 1.5
"""The same multiple for a connection below its own share whose name has used up the share of the
name. The lower value reserves the rest of the burst for other names, however many
connections one name has."""


@dataclass(frozen=True, slots=True)
class Share:
    """The backlog of one caller among all callers, and its share of a limit.

    names: number of names with a backlog, this caller's included. connections: number of
    connections of its name with a backlog, this one included. of_name: requests and tokens of
    its name. own: requests and tokens of its connection.
    """

    names: int
    connections: int
    of_name: tuple[int, int]
    own: tuple[int, int]

    @classmethod
    def of_all(cls, waiting: tuple[int, int]) -> Share:
        """Return the share of a caller without competitors. waiting: requests and tokens."""
        return cls(1, 1, waiting, waiting)

    @property
    def callers(self) -> int:
        """The caller's share of the service is one over this value."""
        return self.names * self.connections

    def excess(self, limit: int, waiting: int, more: int, *, tokens: bool) -> float:
        """Return by how much ``more`` would exceed what may wait; at most 0 when it may.

        A caller below its share of the limit may exceed the limit itself, up to
        ``BURST_FACTOR`` times. A caller without a backlog may always do so.

        limit, waiting, more: tokens or requests. waiting: those of all callers. tokens: True
        to compare tokens, False to compare requests.
        """
        over_share = self._over_share(limit, more, tokens=tokens)
        if self.own[0]:
            name_below_share = self.of_name[tokens] + more <= limit / self.names
            burst = limit * (BURST_FACTOR if name_below_share else CONNECTION_BURST_FACTOR)
            over_share = max(over_share, waiting + more - burst)
        return min(waiting + more - limit, over_share)

    def is_exceeded(self, limit: int, more: int, *, tokens: bool) -> bool:
        """Whether the caller would be above its share with ``more`` in addition."""
        return self._over_share(limit, more, tokens=tokens) > 0

    def is_small(self, waiting: int, factor: int) -> bool:
        """Whether the caller has ``factor`` times fewer requests than its share of ``waiting``."""
        return self.own[0] * self.callers * factor < waiting

    def _over_share(self, limit: int, more: int, *, tokens: bool) -> float:
        return self.own[tokens] + more - max(1.0, limit / self.callers)


@dataclass(slots=True)
class _Load:
    requests: int = 0
    tokens: int = 0
    connections: int = 0


class Backlog:
    """Waiting requests and tokens, by name and by connection. Methods take constant time."""

    def __init__(self) -> None:
        self.requests = self.tokens = 0
        self._names: dict[str, _Load] = {}
        self._connections: dict[Caller, _Load] = {}

    def change(self, caller: Caller, *, requests: int = 0, tokens: int = 0) -> None:
        """Add to the backlog of a caller. requests, tokens: negative to subtract."""
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
        """Return the share of a caller, counted as if it had one more request waiting."""
        name = self._names.get(caller.name)
        own = self._connections.get(caller)
        of_name, of_own = name or _Load(), own or _Load()
        return Share(
            names=len(self._names) + (name is None),
            connections=of_name.connections + (own is None),
            of_name=(of_name.requests, of_name.tokens),
            own=(of_own.requests, of_own.tokens),
        )
