"""Search of many strings in a text in one pass: an Aho-Corasick automaton.

A. Aho and M. Corasick, "Efficient String Matching: An Aid to Bibliographic Search", 1975: a
trie of the strings, and for each node the node of its longest proper suffix in the trie.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator

from summsvc.interruption import checked

_ROOT = 0

_SIGNS = "$#%"
_BRACKETS = ("{", "}")
"""A string that begins or ends with one of these is whole next to a letter too: "{count}x"."""

MAX_SUFFIXES = 8
"""Most strings that end at one offset, each a suffix of the one before."""


class Occurrences:
    """Finds strings in texts. strings: not empty; duplicates are ignored."""

    def __init__(self, strings: Iterable[str]) -> None:
        self._following: list[dict[str, int]] = [{}]
        self._string: list[str] = [""]
        self._depth = [0]
        for string in checked(dict.fromkeys(strings), 1):
            self._add(string)
        self._shorter = [_ROOT] * len(self._depth)
        # The nearest suffix node at which a string ends, the node itself excluded.
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
        for _ in checked(range(1, len(self._depth))):
            node = waiting.popleft()
            for char, child in self._following[node].items():
                shorter = self._step(self._shorter[node], char)
                self._shorter[child] = shorter
                self._ending[child] = shorter if self._string[shorter] else self._ending[shorter]
                waiting.append(child)

    def _step(self, node: int, char: str) -> int:
        """The next state of the automaton."""
        while node != _ROOT and char not in self._following[node]:
            node = self._shorter[node]
        return self._following[node].get(char, _ROOT)

    def all(self, text: str, *, whole_words: bool = False) -> Iterator[tuple[int, str]]:
        """Yield (start, string) of occurrences, which may overlap, in the order of their ends.

        Of those that end at one offset only the ``MAX_SUFFIXES`` longest. whole_words: ignore
        occurrences next to a letter, digit or underscore. Linear in the text.
        """
        node = _ROOT
        for end, char in enumerate(checked(text), 1):
            node = self._step(node, char)
            ending = node if self._string[node] else self._ending[node]
            for _ in range(MAX_SUFFIXES):
                if ending == _ROOT:
                    break
                start, string = end - self._depth[ending], self._string[ending]
                if not whole_words or _is_whole(string, text, start, end):
                    yield start, string
                ending = self._ending[ending]

    def apart(self, text: str, *, whole_words: bool = False) -> list[tuple[int, str]]:
        """(start, string) of occurrences that do not overlap, in text order.

        Of overlapping ones the longest is selected, of equally long ones the first. whole_words:
        see ``all``.
        """
        found = sorted(
            self.all(text, whole_words=whole_words), key=lambda each: (-len(each[1]), each[0])
        )
        taken = Taken(len(text))
        chosen = [each for each in checked(found) if taken.add(each[0], each[0] + len(each[1]))]
        return sorted(chosen)

    def removed(self, text: str, most: dict[str, int] | None = None) -> tuple[str, dict[str, int]]:
        """The text without the strings, and how often each was removed.

        most: most removals of each string; None: no limit.
        """
        kept: list[str] = []
        times: dict[str, int] = {}
        at = 0
        for start, string in checked(self.apart(text)):
            if most is None or times.get(string, 0) < most.get(string, 0):
                times[string] = times.get(string, 0) + 1
                kept.append(text[at:start])
                at = start + len(string)
        kept.append(text[at:])
        return "".join(kept), times


class Taken:
    """Ranges of a text that do not overlap, added in the order of their lengths, longest first.

    size: code points of the text.
    """

    def __init__(self, size: int) -> None:
        self._taken = bytearray(size)

    def add(self, start: int, end: int) -> bool:
        """Add the range [start, end), unless it overlaps another one; return whether it does not.

        Linear in its length.
        """
        # A range that is no shorter covers the first or the last code point of this one.
        if self._taken[start] or self._taken[end - 1]:
            return False
        self._taken[start:end] = b"\x01" * (end - start)
        return True


def _is_whole(string: str, text: str, start: int, end: int) -> bool:
    """Whether an occurrence of a string at [start, end) is no part of a longer word."""
    joined_before = start and _is_of_word(text[start - 1]) and not _in_brackets(string)
    return not joined_before and not (
        _is_of_word(text[end : end + 1]) and string[-1] not in _BRACKETS
    )


def _in_brackets(string: str) -> bool:
    """Whether a string begins with a bracket, after the sign of a template as in "${count}"."""
    return string.lstrip(_SIGNS)[:1] in _BRACKETS


def _is_of_word(char: str) -> bool:
    return char.isalnum() or char == "_"
