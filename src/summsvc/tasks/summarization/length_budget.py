"""The length asked for, and which written sentences meet it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from summsvc.articles.length import Length, count_words
from summsvc.interruption import checked, checkpoint
from summsvc.types import Warning, WarningType

ENOUGH = 0.8
"""Share of the length asked for below which a summary is too short."""

Place = tuple[int, int]
"""Number of a group, number of a sentence in it."""


@dataclass(frozen=True, slots=True)
class Choice:
    """The sentences of a summary, in order, at least one.

    share: how much of the length asked for they are; above 1 when over it.
    covers: whether every group has its first sentence among them.
    """

    places: tuple[Place, ...]
    share: float
    covers: bool


@dataclass(frozen=True, slots=True)
class LengthBudget:
    """What a length request comes to for one article.

    limit: the most there may be, in words or in sentences. words: about how
    many words meet it. available: what the article has, in the limit's unit.
    """

    limit: int
    in_words: bool
    words: int
    available: int

    @staticmethod
    def of(length: Length, sentences: Sequence[str]) -> LengthBudget:
        """The goal for an article of these sentences, at least one."""
        total = sum(map(count_words, checked(sentences)))
        limit = length.words(total)
        if limit is not None:
            return LengthBudget(limit, True, limit, total)
        most = length.max_sentences or 1
        usual = min(40, max(8, round(total / len(sentences))))
        return LengthBudget(most, False, most * usual, len(sentences))

    @property
    def aim(self) -> float:
        """Share of the limit to aim at: sentences come one by one, words in lumps."""
        return 0.9 if self.in_words else 1.0

    def choose(self, groups: Sequence[Sequence[str]]) -> Choice:
        """Choose sentences up to the limit.

        Every group gives its first sentence before any gives its second, and no
        sentence goes without those before it, unless the summary would be too
        short otherwise. Linear in the groups' text.
        """
        sizes = [[self._size(text) for text in group] for group in checked(groups)]
        chosen: set[Place] = set()
        closed: set[int] = set()
        used = 0
        for group, at in _in_turn(sizes):
            if group in closed:
                continue
            if used + sizes[group][at] <= self.limit:
                chosen.add((group, at))
                used += sizes[group][at]
            else:
                closed.add(group)
        for group, at in _in_turn(sizes):
            if self._share(used) >= ENOUGH:
                break
            if (group, at) not in chosen and used + sizes[group][at] <= self.limit:
                chosen.add((group, at))
                used += sizes[group][at]
        if not chosen:
            firsts = [(i, 0) for i, group in enumerate(groups) if group]
            chosen = {min(firsts, key=lambda place: sizes[place[0]][0])}
            used = sum(sizes[i][at] for i, at in chosen)
        covers = used <= self.limit and all(
            (i, 0) in chosen for i, each in enumerate(groups) if each
        )
        return Choice(tuple(sorted(chosen)), self._share(used), covers)

    def warnings(self, sentences: Sequence[str]) -> list[Warning]:
        """What is to be said about the length of a summary."""
        had = sum(map(self._size, sentences))
        share = self._share(had)
        unit = "words" if self.in_words else "sentences"
        if share >= ENOUGH and had <= self.limit:
            return []
        if had > self.limit:
            message = (
                "one whole sentence is the least there is; "
                f"it is {had - self.limit} words over the limit of {self.limit}"
            )
            return [Warning(WarningType.LENGTH_NOT_MET, message)]
        if self.available < self.limit:
            message = f"{self.limit} {unit} were asked for; the article has {self.available}"
            return [Warning(WarningType.SHORT_ARTICLE, message)]
        message = (
            f"the summary has {had} of the {self.limit} {unit} asked for, {1 - share:.0%} fewer: "
            "the model writes no more about this article"
        )
        return [Warning(WarningType.LENGTH_NOT_MET, message)]

    def _share(self, used: int) -> float:
        return used / max(1, self.limit)

    def _size(self, sentence: str) -> int:
        return count_words(sentence) if self.in_words else 1


def _in_turn(groups: Sequence[Sequence[object]]) -> Iterator[Place]:
    """First sentences of all groups, then second ones, and so on."""
    left = list(range(len(groups)))
    at = 0
    while left := [i for i in left if at < len(groups[i])]:
        checkpoint()
        yield from ((i, at) for i in left)
        at += 1
