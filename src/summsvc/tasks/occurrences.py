"""Where many strings stand in a text, all found in one pass.

The automaton of Aho and Corasick, "Efficient String Matching: An Aid to Bibliographic
Search", 1975: a tree of the strings, and for each of its nodes the node of the longest
proper suffix that is in the tree too.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator

from summsvc.interruption import checked

_ROOT = 0


class Occurrences:
    """Finds some strings in texts. strings: not empty ones; equal ones count once."""

    def __init__(self, strings: Iterable[str]) -> None:
        self._following: list[dict[str, int]] = [{}]
        self._string: list[str] = [""]
        self._depth = [0]
        for string in checked(dict.fromkeys(strings), 1):
            self._add(string)
        self._shorter = [_ROOT] * len(self._depth)
        # The nearest node on the way of suffixes at which a string ends, itself left out.
        self._ending = [_ROOT] * len(self._depth)
        self._link()

    def _add(self, string: str) -> None:
        node = _ROOT
        for char in string:
            following = self._following[node].get(char)
            if following is None:
                following = len(self._depth)
                self._following[node][char] = following
                self._following.append({})
                self._string.append("")
                self._depth.append(self._depth[node] + 1)
            node = following
        self._string[node] = string

    def _link(self) -> None:
        waiting = deque(self._following[_ROOT].values())
        while waiting:
            node = waiting.popleft()
            for char, child in self._following[node].items():
                shorter = self._step(self._shorter[node], char)
                self._shorter[child] = shorter
                self._ending[child] = shorter if self._string[shorter] else self._ending[shorter]
                waiting.append(child)

    def _step(self, node: int, char: str) -> int:
        """The node after one more character of a text."""
        while node != _ROOT and char not in self._following[node]:
            node = self._shorter[node]
        return self._following[node].get(char, _ROOT)

    def find(self, text: str) -> Iterator[tuple[int, str]]:
        """Yield (start, string) of every occurrence, overlapping ones too, by where they end.

        Linear in the text and the number of occurrences.
        """
        node = _ROOT
        for end, char in enumerate(checked(text, 4_000), 1):
            node = self._step(node, char)
            ending = node if self._string[node] else self._ending[node]
            while ending != _ROOT:
                yield end - self._depth[ending], self._string[ending]
                ending = self._ending[ending]

    def apart(self, text: str) -> list[tuple[int, str]]:
        """(start, string) of occurrences that do not overlap: the first, then the longest."""
        chosen: list[tuple[int, str]] = []
        end = 0
        for start, string in sorted(self.find(text), key=lambda each: (each[0], -len(each[1]))):
            if start >= end:
                chosen.append((start, string))
                end = start + len(string)
        return chosen

    def removed(self, text: str, most: dict[str, int] | None = None) -> tuple[str, dict[str, int]]:
        """The text without the strings, and how often each was taken out of it.

        most: how often each may be taken out at most; None: always.
        """
        kept: list[str] = []
        times: dict[str, int] = {}
        at = 0
        for start, string in self.apart(text):
            if most is None or times.get(string, 0) < most.get(string, 0):
                times[string] = times.get(string, 0) + 1
                kept.append(text[at:start])
                at = start + len(string)
        kept.append(text[at:])
        return "".join(kept), times
