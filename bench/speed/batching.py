"""Batch invariance: whether a text's output depends on the other texts of its batch.

    python -m bench.speed.batching [--texts N] [--json FILE]

CTranslate2 computes every text alone, alone a second time (to show whether a run is
repeatable), in a batch of texts of the same length (no padding), and in a batch of
mixed lengths (padding). The table has the number of outputs whose tokens differ from
those of the text alone, and the greatest difference of a score (mean log-probability).
Models: the trained checkpoint of the tests, with confident predictions; and random
weights of opus-mt's size, with near ties at every step, the worst case.
"""

from __future__ import annotations

import argparse
import json
import random
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import ctranslate2

from bench.speed.random_marian import SIZES, write
from summsvc.config.cores import cores
from summsvc.models.conversion.convert import convert
from tests.checkpoints import marian, pairs

BATCH = 16
MAX_OUTPUT_TOKENS = 24

Output = tuple[tuple[str, ...], float]


@dataclass(frozen=True)
class Row:
    """changed: outputs whose tokens differ from those alone. score: greatest difference."""

    model: str
    compute_type: str
    beams: int
    batches: str
    texts: int
    changed: int
    score: float


def inputs(model: str, folder: Path, count: int) -> list[list[str]]:
    """Tokens of so many texts, 4 to 40 tokens long, several texts of each length."""
    chooser = random.Random(3)
    if model == "trained":
        from sentencepiece import SentencePieceProcessor

        processor = SentencePieceProcessor(model_file=str(folder / "source.spm"))
        known = [processor.encode(source, out_type=str) for source, _ in pairs("en-ru")]
        pieces = [piece for text in known for piece in text]
    else:
        pieces = [f"p{number}" for number in range(2, SIZES[model].vocabulary - 1)]
    lengths = [4 + 4 * (number // BATCH % 10) for number in range(count)]
    return [[*chooser.choices(pieces, k=length - 1), "</s>"] for length in lengths]


def translated(
    translator: Any, batches: Sequence[Sequence[list[str]]], beams: int
) -> dict[tuple[str, ...], Output]:
    """Output and score of every text."""
    found: dict[tuple[str, ...], Output] = {}
    for batch in batches:
        results = translator.translate_batch(
            batch, beam_size=beams, max_decoding_length=MAX_OUTPUT_TOKENS, return_scores=True
        )
        for text, result in zip(batch, results, strict=True):
            made = result.hypotheses[0]
            score = result.scores[0] / (len(made) + 1 if beams == 1 else 1)
            found[tuple(text)] = (tuple(made), score)
    return found


def compare(model: str, compute_type: str, source: Path, count: int) -> Iterator[Row]:
    """The rows of a model in one compute type."""
    with tempfile.TemporaryDirectory() as work:
        folder = Path(work) / "converted"
        convert(source, folder, quantization=compute_type)
        translator = ctranslate2.Translator(
            str(folder), compute_type=compute_type, inter_threads=1, intra_threads=min(2, cores())
        )
        texts = inputs(model, source, count)
        mixed = random.Random(4).sample(texts, len(texts))
        groups = {
            "alone, again": [[text] for text in texts],
            "of one length": [texts[i : i + BATCH] for i in range(0, count, BATCH)],
            "padded": [mixed[i : i + BATCH] for i in range(0, count, BATCH)],
        }
        for beams in (1, 4):
            alone = translated(translator, [[text] for text in texts], beams)
            for name, batches in groups.items():
                batched = translated(translator, batches, beams)
                changed = sum(batched[text][0] != alone[text][0] for text in alone)
                score = max(abs(batched[text][1] - alone[text][1]) for text in alone)
                yield Row(model, compute_type, beams, name, len(alone), changed, score)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--texts", type=int, default=160)
    parser.add_argument("--model", nargs="+", default=["trained", "opus-mt"])
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    found: list[Row] = []
    print("| model | numbers | beams | batches | texts | other words | largest score difference |")
    print("|---|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as work:
        for model in arguments.model:
            source = marian("en-ru") if model == "trained" else Path(work) / model
            if model != "trained":
                write(SIZES[model], source)
            for compute_type in ("float32", "int8"):
                for row in compare(model, compute_type, source, arguments.texts):
                    found.append(row)
                    cells = (row.model, row.compute_type, row.beams, row.batches, row.texts)
                    print(
                        f"| {' | '.join(map(str, cells))} | {row.changed} | {row.score:.1e} |",
                        flush=True,
                    )
    if arguments.json:
        arguments.json.write_text(json.dumps([asdict(row) for row in found], indent=1))


if __name__ == "__main__":
    main()
