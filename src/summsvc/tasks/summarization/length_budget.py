"""Length budget of an abstractive summary: the requested limit, selection and length warnings."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from summsvc.articles.length import Length, count_words
from summsvc.interruption import checked, checkpoint
from summsvc.types import Warning, WarningType

MIN_LENGTH_SHARE = 0.8
"""Share of the requested length below which a summary is too short."""

SentencePosition = tuple[int, int]
"""Index of a group, index of a sentence within the group."""


@dataclass(frozen=True, slots=True)
class BudgetedSelection:
    """The sentences of a summary, in order, at least one.

    positions: of the sentences. share: length by the requested length; above 1 when
    over the limit. covers_all: whether the limit holds with the first sentence of every
    group selected.
    """

    positions: tuple[SentencePosition, ...]
    share: float
    covers_all: bool


@dataclass(frozen=True, slots=True)
class LengthBudget:
    """A length request, resolved for one article.

    limit: in words or sentences. words: approximate words of a summary that meets it.
    available: length of the article, in the limit's unit.
    """

    limit: int
    in_words: bool
    words: int
    available: int

    @staticmethod
    def of(length: Length, sentences: Sequence[str]) -> LengthBudget:
        """The budget for an article with these sentences, at least one."""
        total = sum(map(count_words, checked(sentences)))
        limit = length.words(total)
        if limit is not None:
            return LengthBudget(limit, True, limit, total)
        limit = length.max_sentences or 1
        usual = min(40, max(8, round(total / len(sentences))))
        return LengthBudget(limit, False, limit * usual, len(sentences))

    @property
    def target_share(self) -> float:
        """Share of the limit to aim at: whole sentences rarely fill a limit in words."""
        return 0.9 if self.in_words else 1.0

    def select(self, groups: Sequence[Sequence[str]]) -> BudgetedSelection:
        """Select sentences up to the limit.

        First sentences of all groups come before second ones, and so on. A sentence is
        selected only after all before it in its group, unless the summary would be too
        short otherwise. Time is linear in the groups' text.
        """
        sizes = [[self._size(text) for text in group] for group in checked(groups)]
        chosen: set[SentencePosition] = set()
        closed: set[int] = set()
        used = 0
        for group, index in _round_robin(sizes):
            if group in closed:
                continue
            if used + sizes[group][index] <= self.limit:
                chosen.add((group, index))
                used += sizes[group][index]
            else:
                closed.add(group)
        for group, index in _round_robin(sizes):
            if self._share(used) >= MIN_LENGTH_SHARE:
                break
            if (group, index) not in chosen and used + sizes[group][index] <= self.limit:
                chosen.add((group, index))
                used += sizes[group][index]
        if not chosen:
            firsts = [(i, 0) for i, group in enumerate(groups) if group]
            chosen = {min(firsts, key=lambda first: sizes[first[0]][0])}
            used = sum(sizes[group][index] for group, index in chosen)
        covers_all = used <= self.limit and all(
            (i, 0) in chosen for i, group in enumerate(groups) if group
        )
        return BudgetedSelection(tuple(sorted(chosen)), self._share(used), covers_all)

    def warnings(self, sentences: Sequence[str]) -> list[Warning]:
        """Any warning about the length of a summary with these sentences."""
        size = sum(map(self._size, sentences))
        share = self._share(size)
        unit = "words" if self.in_words else "sentences"
        if share >= MIN_LENGTH_SHARE and size <= self.limit:
            return []
        if size > self.limit:
            message = (
                "the shortest possible summary, one whole sentence, "
                f"is {size - self.limit} words over the limit of {self.limit}"
            )
            return [Warning(WarningType.LENGTH_NOT_MET, message)]
        if self.available < self.limit:
            message = f"{self.limit} {unit} were requested; the article has {self.available}"
            return [Warning(WarningType.SHORT_ARTICLE, message)]
        message = (
            f"the summary has {size} of the {self.limit} {unit} requested, {1 - share:.0%} fewer: "
            "the model writes no more about this article"
        )
        return [Warning(WarningType.LENGTH_NOT_MET, message)]

    def _share(self, used: int) -> float:
        return used / max(1, self.limit)

    def _size(self, sentence: str) -> int:
        return count_words(sentence) if self.in_words else 1


def _round_robin(groups: Sequence[Sequence[object]]) -> Iterator[SentencePosition]:
    """Positions of the first items of all groups, then of the second ones, and so on."""
    remaining = list(range(len(groups)))
    index = 0
    while remaining := [i for i in remaining if index < len(groups[i])]:
        checkpoint()
        yield from ((i, index) for i in remaining)
        index += 1
