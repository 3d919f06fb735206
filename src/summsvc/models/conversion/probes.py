"""Probes: the texts of ``probes.toml`` with which a converted model is verified."""

from __future__ import annotations

import itertools
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib import resources

from summsvc.engines.base import Seq2SeqEngine, Task

MAX_SOURCE_LANGUAGES = 4
"""Source languages for which a multilingual model is verified."""


@dataclass(frozen=True, slots=True)
class Probe:
    """A text and the pair of languages for which a model is run."""

    source: str
    target: str
    text: str


def select_probes(engine: Seq2SeqEngine) -> list[Probe]:
    """Probes of the model's task and source languages that fit its input limit."""
    text = resources.files("summsvc.models.conversion").joinpath("probes.toml").read_text("utf-8")
    known = tomllib.loads(text)
    probes: list[Probe] = []
    for source, target in list(dict(engine.spec.pairs).items())[:MAX_SOURCE_LANGUAGES]:
        for task in (engine.spec.task, Task.TRANSLATION):
            texts = known[task.value].get(source) or known[task.value][known["fallback"]]
            lengths = engine.count_tokens(texts, source, target)
            short = [
                text
                for text, length in zip(texts, lengths, strict=True)
                if length <= engine.max_input_tokens
            ]
            if short:
                probes += [Probe(source, target, text) for text in short]
                break
    return probes


def group_by_pair(probes: Sequence[Probe]) -> Iterator[tuple[tuple[str, str], list[Probe]]]:
    """Consecutive probes of each pair."""
    for pair, group in itertools.groupby(probes, lambda probe: (probe.source, probe.target)):
        yield pair, list(group)
