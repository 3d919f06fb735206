"""Fuzz target: one function on bytes, the inputs that it starts from, and how they are mutated."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from random import Random

CORPUS = Path(__file__).parent / "corpus"

Mutation = Callable[[bytes, Random, int], bytes]
"""Changes an input. Arguments: the input, the source of randomness, the greatest length."""


@dataclass(frozen=True, slots=True)
class Target:
    """A function to fuzz.

    run: raises for a defect, and only then; the errors that the function documents are part of
    its result. seeds: returns valid inputs. mutate: see ``Mutation``. modules: packages whose
    coverage guides the choice of inputs. large: whether an input may be as long as
    ``mutation.LARGE`` bytes, to find slow ones.
    """

    name: str
    run: Callable[[bytes], None]
    seeds: Callable[[], list[bytes]]
    mutate: Mutation
    modules: tuple[str, ...]
    large: bool = False

    @property
    def corpus_file(self) -> Path:
        """The kept inputs, one JSON string per line; bytes that are not UTF-8 as surrogates."""
        return CORPUS / f"{self.name}.jsonl"

    def corpus(self) -> list[bytes]:
        """The kept inputs."""
        if not self.corpus_file.exists():
            return []
        lines = self.corpus_file.read_text("utf-8").splitlines()
        return [json.loads(line).encode("utf-8", "surrogateescape") for line in lines]

    def keep(self, inputs: list[bytes]) -> None:
        """Replace the kept inputs."""
        lines = [_line(each.decode("utf-8", "surrogateescape")) for each in inputs]
        self.corpus_file.write_text("".join(f"{line}\n" for line in lines), "utf-8")

    def inputs(self, random: Random) -> Iterator[bytes]:
        """Yield mutated inputs without end, not guided by coverage."""
        known = self.seeds() + self.corpus()
        while True:
            yield self.mutate(random.choice(known), random, 2_000)


def _line(text: str) -> str:
    """One line of JSON. Only a text with surrogates needs escapes for all but ASCII."""
    line = json.dumps(text, ensure_ascii=False)
    if line.isprintable():
        return line
    return json.dumps(text)
