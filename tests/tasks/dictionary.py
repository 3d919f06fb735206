"""Engines that translate word by word, and whose batches a test releases one by one."""

from __future__ import annotations

import asyncio
import re
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path

from summsvc.engines.base import Cancelled, DecodingOptions, Generated, ModelSpec, Task

PATIENCE_S = 60.0

TO_LITHUANIAN = {
    "the": "tas", "president": "prezidentas", "met": "sutiko", "mayor": "merą", "in": "mieste",
    "strike": "streikas", "of": "iš", "teachers": "mokytojų", "has": "dabar", "ended": "baigėsi",
    "bishop": "vyskupas", "judge": "teisėją",
}  # fmt: skip
TO_RUSSIAN = {
    "tas": "этот", "prezidentas": "президент", "sutiko": "встретил", "merą": "мэра",
    "mieste": "городе", "streikas": "забастовка", "iš": "из", "mokytojų": "учителей",
    "dabar": "сейчас", "baigėsi": "закончилась", "vyskupas": "епископ", "teisėją": "судью",
}  # fmt: skip


class DictionaryEngine:
    """Translates each word it knows and leaves the others; a token is a word.

    batches: those that have begun. After ``hold`` each waits until ``let`` allows it.
    """

    name = "dictionary"
    device = "cpu"
    compute_type = "float32"
    max_input_tokens = 100
    aligns = False
    restricts_output = False

    def __init__(self, pair: tuple[str, str], words: Mapping[str, str]) -> None:
        id = "-".join(("dictionary", *pair))
        self.spec = ModelSpec(id, Task.TRANSLATION, Path(), "none", (pair,))
        self.batches: list[list[str]] = []
        self._words = words
        self._begun = threading.Semaphore(0)
        self._allowed = threading.Semaphore(0)
        self._held = False

    async def begun(self, batches: int) -> None:
        """Wait until so many more batches have begun."""
        for _ in range(batches):
            assert await asyncio.to_thread(self._begun.acquire, timeout=PATIENCE_S)

    def hold(self) -> None:
        self._held = True

    def let(self, batches: int) -> None:
        self._allowed.release(batches)

    def free(self) -> None:
        self._held = False
        self.let(1000)

    def count_tokens(self, texts: Sequence[str], source: str, target: str) -> list[int]:
        assert (source, target) == self.spec.pairs[0]
        return [len(text.split()) for text in texts]

    def generate(
        self,
        texts: Sequence[str],
        source: str,
        target: str,
        options: DecodingOptions,
        cancelled: Cancelled = lambda: False,
    ) -> list[Generated]:
        del source, target, options, cancelled
        self.batches.append(list(texts))
        self._begun.release()
        if self._held:
            assert self._allowed.acquire(timeout=PATIENCE_S)
        return [
            Generated(re.sub(r"\w+", self._word, text), -0.5, len(text.split()), 1, complete=True)
            for text in texts
        ]

    def _word(self, match: re.Match[str]) -> str:
        word = match[0]
        known = self._words.get(word.lower(), word)
        return known.capitalize() if word[0].isupper() else known

    def warm_up(self) -> None:
        pass

    def close(self) -> None:
        pass
