"""Search of many strings in a text in one pass: an Aho-Corasick automaton.

A. Aho and M. Corasick, "Efficient String Matching: An Aid to Bibliographic Search", 1975: a
trie of the strings, and for each node the node of its longest proper suffix in the trie.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable

from summsvc.interruption import CHECK_INTERVAL, checked, checkpoint

_ROOT = 0

_SIGNS = "$#%"
_BRACKETS = ("{", "}")
"""A string that begins or ends with one of these is whole next to a letter too: "{count}x"."""

MAX_SUFFIXES = 8
"""Strings ending at one offset, each a suffix of the one before, that are tested for whole
words."""


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

    def apart(self, text: str, *, whole_words: bool = False) -> list[tuple[int, str]]:
        """(start, string) of occurrences that do not overlap, in text order.

        Selected from the end of the text backwards, the longest at each offset. whole_words:
        ignore occurrences next to a letter, digit or underscore. Linear in the text.
        """
        longest: list[str] = [""]
        node = _ROOT
        for end, char in enumerate(checked(text), 1):
            node = self._step(node, char)
            longest.append(self._ending_at(node, text, end, whole_words))
        chosen: list[tuple[int, str]] = []
        end = len(text)
        while end:
            if not end % CHECK_INTERVAL:
                checkpoint()
            if string := longest[end]:
                chosen.append((end - len(string), string))
            end -= len(string) or 1
        return chosen[::-1]

    def _ending_at(self, node: int, text: str, end: int, whole_words: bool) -> str:
        """The longest string that ends at an offset and counts, or ""."""
        if not self._string[node]:
            node = self._ending[node]
        if not whole_words or node == _ROOT:
            return self._string[node]
        before_word = _is_of_word(text[end : end + 1])
        for _ in range(MAX_SUFFIXES):
            string = self._string[node]
            start = end - self._depth[node]
            joined_before = start and _is_of_word(text[start - 1]) and not _in_brackets(string)
            if not joined_before and not (before_word and string[-1] not in _BRACKETS):
                return string
            node = self._ending[node]
            if node == _ROOT:
                break
        return ""

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


def _in_brackets(string: str) -> bool:
    """Whether a string begins with a bracket, after the sign of a template as in "${count}"."""
    return string.lstrip(_SIGNS)[:1] in _BRACKETS


def _is_of_word(char: str) -> bool:
    return char.isalnum() or char == "_"
