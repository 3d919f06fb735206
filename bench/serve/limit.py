"""(a) The engine alone, handed every sentence at once: the limit."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

import ctranslate2

from bench.serve.models import store
from summsvc.cores import cores
from summsvc.engines.pieces import Pieces

BATCHES = (16, 32)
"""Segments in one of the library's own batches; the limit is the best of them. Fewer and more
were slower in every try on two cores."""


@dataclass(frozen=True)
class Limit:
    """tokens_per_s: output tokens a second, by segments in a batch."""

    tokens_per_s: dict[int, float]

    @property
    def best(self) -> float:
        return max(self.tokens_per_s.values())


def measure(model: str, texts: Sequence[str], beams: int) -> Limit:
    """Translate all texts in one call, once for each size of batch.

    On all cores, one thread to a batch; the library sorts by length.
    """
    spec = store(model).spec(model)
    translator = ctranslate2.Translator(
        str(spec.path), device="cpu", inter_threads=cores(), intra_threads=1
    )
    read = Pieces(spec).encode(texts, *spec.pairs[0])
    translator.translate_batch(read[: 4 * cores()], beam_size=beams, max_decoding_length=128)
    rates = {}
    for batch in BATCHES:
        begun = time.perf_counter()
        results = translator.translate_batch(
            read, beam_size=beams, max_decoding_length=128, max_batch_size=batch
        )
        made = sum(len(result.hypotheses[0]) + 1 for result in results)
        rates[batch] = made / (time.perf_counter() - begun)
    return Limit(rates)
