"""Chunking of an article for a summarization model: balanced chunks that fit its input."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from summsvc.interruption import checked
from summsvc.tasks.pipeline.splitting import split
from summsvc.tasks.pipeline.stage import Stage


@dataclass(frozen=True, slots=True)
class Chunk:
    """Consecutive texts that are one input of the model. tokens: of the joined text."""

    texts: tuple[str, ...]
    tokens: int

    @property
    def text(self) -> str:
        return " ".join(self.texts)


class Chunker:
    """Divides the texts of one article into chunks for one model; counts each text once.

    limit: most tokens of an input. Methods block for as long as counting tokens takes:
    call them in a text worker.
    """

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._counts: dict[str, int] = {}
        self.limit = stage.scheduler.engine.max_input_tokens

    def token_counts(self, texts: Sequence[str]) -> list[int]:
        """Tokens that each text adds to an input, without the model's special tokens."""
        special, *counts = self._count(["", *texts])
        return [max(1, count - special) for count in counts]

    def split_oversized(self, texts: Sequence[str]) -> list[str]:
        """The texts, those longer than an input split, between clauses where possible."""
        fitting: list[str] = []
        for text, tokens in checked(zip(texts, self._count(texts), strict=True)):
            if tokens <= self.limit:
                fitting.append(text)
            else:
                fitting += [piece.strip() for piece in split(text, self._count, self.limit)]
        return [text for text in fitting if text]

    def chunk(self, texts: Sequence[str], min_chunks: int = 1) -> list[Chunk]:
        """Divide the texts into ``min_chunks`` chunks, or into the fewest that fit if more.

        There are never more chunks than texts. The chunks joined are the texts in order.
        The token count of the joined chunk decides whether it fits: joined texts may
        have more tokens than the texts apart.
        """
        counts = self.token_counts(texts)
        special = self._count([""])[0]
        total = sum(counts)
        room = max(1, self.limit - special)
        # A balanced chunk exceeds the mean by up to one text.
        needed = 1 if total <= room else -(-total // max(room // 2, room - max(counts)))
        wanted = min(len(texts), max(1, min_chunks, needed))
        groups = _balanced(list(texts), counts, wanted)
        while True:
            totals = self._count([" ".join(group) for group in groups])
            finer: list[list[str]] = []
            for group, tokens in zip(groups, totals, strict=True):
                fits = tokens <= self.limit or len(group) == 1
                finer += [group] if fits else _balanced(group, self.token_counts(group), 2)
            if len(finer) == len(groups):
                return [
                    Chunk(tuple(group), tokens)
                    for group, tokens in zip(groups, totals, strict=True)
                ]
            groups = finer

    def _count(self, texts: Sequence[str]) -> list[int]:
        """Tokens of each text as an input of its own, special tokens included."""
        known = self._counts
        new = [text for text in dict.fromkeys(texts) if text not in known]
        known.update(zip(new, self._stage.count_tokens(new), strict=True))
        return [known[text] for text in texts]


def _balanced(texts: list[str], counts: Sequence[int], groups: int) -> list[list[str]]:
    """Divide the texts into non-empty groups of similar token count, in order.

    A text belongs to the group in which its middle token lies. groups: at most the
    number of texts.
    """
    total = sum(counts)
    divided: list[list[str]] = [[] for _ in range(groups)]
    offset = current = 0
    for i, (text, tokens) in enumerate(checked(zip(texts, counts, strict=True))):
        wanted = int((offset + tokens / 2) * groups / total)
        # Skip no group, and leave a text for each group that is still empty.
        wanted = max(wanted, groups - (len(texts) - i))
        current = min(max(current, wanted), current + 1 if divided[current] else current)
        divided[current].append(text)
        offset += tokens
    return divided
