"""A text in parts that a model can read: of like size, none cut, nothing left out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from summsvc.interruption import checked, grouped
from summsvc.tasks.pipeline.splitting import split
from summsvc.tasks.pipeline.stage import Stage


@dataclass(frozen=True, slots=True)
class Part:
    """Neighbouring texts that go into the model together; tokens: as the model reads them."""

    texts: tuple[str, ...]
    tokens: int

    @property
    def text(self) -> str:
        return " ".join(self.texts)


class Divider:
    """Divides the texts of one article for one model, and counts each text once.

    Blocks for as long as counting tokens takes: to be called in a text worker.
    """

    def __init__(self, stage: Stage) -> None:
        self._leg = stage
        self._counts: dict[str, int] = {}
        self.limit = stage.scheduler.engine.max_input_tokens

    def lengths(self, texts: Sequence[str]) -> list[int]:
        """What each text adds to an input, in tokens: the model's own ones not counted."""
        own, *counts = self._count(["", *texts])
        return [max(1, count - own) for count in counts]

    def fitting(self, texts: Sequence[str]) -> list[str]:
        """The texts; those that alone are too long in pieces, cut at clauses where possible."""
        fitted: list[str] = []
        for text, tokens in checked(zip(texts, self._count(texts), strict=True)):
            if tokens <= self.limit:
                fitted.append(text)
            else:
                fitted += [each.strip() for each in split(text, self._count, self.limit)]
        return [text for text in fitted if text]

    def divide(self, texts: Sequence[str], least: int = 1) -> list[Part]:
        """At least ``least`` parts where there are so many texts, as few more as fit the model.

        Parts joined are the texts in order. What decides is the count of the
        joined part: texts may take more tokens together than apart.
        """
        lengths = self.lengths(texts)
        own = self._count([""])[0]
        total = sum(lengths)
        room = max(1, self.limit - own)
        # Balanced parts are up to one text longer than their mean.
        needed = 1 if total <= room else -(-total // max(room // 2, room - max(lengths)))
        wanted = min(len(texts), max(1, least, needed))
        groups = _balanced(list(texts), lengths, wanted)
        while True:
            counts = self._count([" ".join(group) for group in groups])
            finer: list[list[str]] = []
            for group, tokens in zip(groups, counts, strict=True):
                fits = tokens <= self.limit or len(group) == 1
                finer += [group] if fits else _balanced(group, self.lengths(group), 2)
            if len(finer) == len(groups):
                return [
                    Part(tuple(group), tokens) for group, tokens in zip(groups, counts, strict=True)
                ]
            groups = finer

    def _count(self, texts: Sequence[str]) -> list[int]:
        stage, known = self._leg, self._counts
        new = [text for text in dict.fromkeys(texts) if text not in known]
        count = stage.scheduler.engine.count_tokens
        groups = grouped(new)
        counts = [each for group in groups for each in count(group, stage.source, stage.target)]
        known.update(zip(new, counts, strict=True))
        return [known[text] for text in texts]


def _balanced(texts: list[str], lengths: Sequence[int], count: int) -> list[list[str]]:
    """The texts in ``count`` groups of like length, none of them empty.

    A text goes where its middle lies; count is at most the number of texts.
    """
    total = sum(lengths)
    groups: list[list[str]] = [[] for _ in range(count)]
    at = number = 0
    for i, (text, length) in enumerate(checked(zip(texts, lengths, strict=True))):
        place = int((at + length / 2) * count / total)
        # One step at a time, and a text for each group that is still to come.
        place = max(place, count - (len(texts) - i))
        number = min(max(number, place), number + 1 if groups[number] else number)
        groups[number].append(text)
        at += length
    return groups
