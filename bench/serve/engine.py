"""System (a): the engine alone with all sentences in one call, the upper limit for a server."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass

import ctranslate2

from bench.serve.models import store
from summsvc.config.cores import cores
from summsvc.engines.tokenizer import Tokenizer

BATCHES = (16, 32)
"""Batch sizes of the library, in segments; the faster one is used. Smaller and larger batches
were slower in every measurement on two cores."""

MIN_SENTENCES = {"opus-mt": 128, "trained": 4000}
"""Sentences of one call: fewer are repeated, so that all cores are busy and the time is
measurable."""


@dataclass(frozen=True)
class Speed:
    """tokens_per_s: output tokens per second. cpu_ms: CPU milliseconds per segment."""

    tokens_per_s: float
    cpu_ms: float


class Engine:
    """CTranslate2 on all cores, one thread per batch; it sorts the sentences by length."""

    def __init__(self, model: str, beams: int) -> None:
        self._beams = beams
        self._fewest = MIN_SENTENCES[model]
        self._spec = store(model).spec(model)
        self._translator = ctranslate2.Translator(
            str(self._spec.path), device="cpu", inter_threads=cores(), intra_threads=1
        )
        self._batch = 0

    def measure(self, texts: Sequence[str]) -> Speed:
        """Translate all texts in one call; tokenization is not measured."""
        texts = list(texts) * math.ceil(self._fewest / len(texts))
        read = Tokenizer(self._spec).encode(texts, *self._spec.pairs[0])
        if not self._batch:
            self._run(read[: 4 * cores()], BATCHES[0])
            tried = {batch: self._run(read[: self._fewest], batch) for batch in BATCHES}
            self._batch = max(tried, key=lambda batch: tried[batch].tokens_per_s)
        return self._run(read, self._batch)

    def _run(self, read: list[list[str]], batch: int) -> Speed:
        begun, cpu = time.perf_counter(), time.process_time()
        results = self._translator.translate_batch(
            read, beam_size=self._beams, max_decoding_length=128, max_batch_size=batch
        )
        took, cpu = time.perf_counter() - begun, time.process_time() - cpu
        made = sum(len(result.hypotheses[0]) + 1 for result in results)
        return Speed(made / took, 1000 * cpu / len(read))
