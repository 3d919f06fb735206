"""One model of a route: what it reads of texts, and between which languages."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from summsvc.interruption import checked, grouped
from summsvc.scheduling.scheduler import Scheduler
from summsvc.tasks.pipeline import splitting
from summsvc.tasks.pipeline.usage import ModelUse
from summsvc.tasks.translation.glossary import Terms


@dataclass(frozen=True, slots=True)
class Cut:
    """Texts as a model reads them.

    pieces: each text as one piece, or as many as the model's input asks for.
    texts, tokens: all pieces in a row without outer white space, and their lengths.
    """

    pieces: list[list[str]]
    texts: list[str]
    tokens: list[int]


@dataclass(frozen=True, slots=True)
class Stage:
    """One model of a route, and the languages it works between."""

    scheduler: Scheduler
    source: str
    target: str

    @property
    def use(self) -> ModelUse:
        engine = self.scheduler.engine
        return ModelUse(engine.spec.id, engine.name, engine.spec.revision, self.source, self.target)

    def cut(self, texts: Sequence[str], terms: Terms) -> Cut:
        """Cut what is too long, but for terms in it. Blocks, linear in the lengths."""
        most = self.scheduler.engine.max_input_tokens
        pieces: list[list[str]] = []
        tokens: list[int] = []
        for text, length in checked(zip(texts, self._count(texts), strict=True)):
            if length <= most:
                pieces.append([text])
                tokens.append(length)
            else:
                whole = [(each.start, each.end) for each in terms.find(text)]
                pieces.append(splitting.split(text, self._count, most, whole))
                tokens += self._count([piece.strip() for piece in pieces[-1]])
        return Cut(pieces, [piece.strip() for group in pieces for piece in group], tokens)

    def _count(self, texts: Sequence[str]) -> list[int]:
        count = self.scheduler.engine.count_tokens
        groups = grouped(texts)
        return [each for group in groups for each in count(group, self.source, self.target)]
