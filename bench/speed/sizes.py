"""CPU time per segment by batch size, to choose the sequences of a batch.

    python -m bench.speed.sizes [--model MODEL ...] [--beams B ...]

The engine runs without the server, two batches at a time, one thread each, all segments
sorted by length. Columns: CPU milliseconds per segment, user and system, and their sum
relative to the best batch size of the model and beams. Sequences are segments x beams:
the rows that one decoding step computes.
"""

from __future__ import annotations

import argparse
import resource
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import ctranslate2

from bench.serve import texts
from bench.serve.models import MODELS, store
from summsvc.engines.tokenizer import Tokenizer

SEQUENCES = (4, 8, 16, 32, 64, 128)
SEGMENTS = {"opus-mt": 64, "trained": 2048}
"""Segments of a measurement; more where two batches per worker need more."""

WORKERS = 2


@dataclass(frozen=True)
class Row:
    """CPU time per segment in milliseconds."""

    model: str
    beams: int
    sequences: int
    user_ms: float
    system_ms: float

    @property
    def ms(self) -> float:
        return self.user_ms + self.system_ms


def measure(model: str, beams: int) -> Iterator[Row]:
    """A row for every batch size of at least one segment."""
    spec = store(model).spec(model)
    translator = ctranslate2.Translator(
        str(spec.path), device="cpu", inter_threads=WORKERS, intra_threads=1
    )
    largest = max(SEGMENTS[model], 2 * WORKERS * max(SEQUENCES) // beams)
    segments = [
        segment
        for body in texts.bodies(model, "article", largest // 6 + 1)
        for segment in texts.segments(body)
    ]
    read = Tokenizer(spec).encode(segments, *spec.pairs[0])

    def translate(batch: Sequence[list[str]]) -> None:
        translator.translate_batch(batch, beam_size=beams, max_decoding_length=128)

    translate(read[:4])
    for sequences in (each for each in SEQUENCES if each >= beams):
        size = sequences // beams
        chosen = sorted(read[: max(SEGMENTS[model], 2 * WORKERS * size)], key=len)
        batches = [chosen[i : i + size] for i in range(0, len(chosen), size)]
        before = resource.getrusage(resource.RUSAGE_SELF)
        with ThreadPoolExecutor(WORKERS) as executor:
            list(executor.map(translate, batches))
        after = resource.getrusage(resource.RUSAGE_SELF)
        yield Row(
            model,
            beams,
            sequences,
            1000 * (after.ru_utime - before.ru_utime) / len(chosen),
            1000 * (after.ru_stime - before.ru_stime) / len(chosen),
        )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--model", nargs="+", choices=MODELS, default=list(MODELS))
    parser.add_argument("--beams", nargs="+", type=int, default=[1, 4])
    arguments = parser.parse_args()
    print("| model | beams | sequences | user ms | system ms | by the best |")
    print("|---|---|---|---|---|---|")
    for model in arguments.model:
        for beams in arguments.beams:
            rows = list(measure(model, beams))
            best = min(row.ms for row in rows)
            for row in rows:
                print(
                    f"| {row.model} | {row.beams} | {row.sequences} | {row.user_ms:.3g} "
                    f"| {row.system_ms:.2g} | {row.ms / best:.2f} |"
                )


if __name__ == "__main__":
    main()
