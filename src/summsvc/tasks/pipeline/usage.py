"""Resource usage of a request: its models, and the time and tokens of each step."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ModelUse:
    """A model that did one step of the work.

    source, target: BCP-47 codes. word_alignment: whether its outputs have a word alignment.
    """

    model: str
    engine: str
    revision: str
    source: str
    target: str
    word_alignment: bool = False


@dataclass(slots=True)
class Stats:
    """The time that a request took, in seconds, and its number of segments and tokens."""

    queue_s: float = 0.0
    segmentation_s: float = 0.0
    inference_s: float = 0.0
    total_s: float = 0.0
    segments: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    cache_hits: int = 0

    def add(self, other: Stats) -> None:
        """Add the queue and model time, tokens and cache hits of ``other``."""
        self.queue_s += other.queue_s
        self.inference_s += other.inference_s
        self.input_tokens += other.input_tokens
        self.output_tokens += other.output_tokens
        self.cache_hits += other.cache_hits
