"""Speed and memory of ways to run a Marian model on a CPU: transformers and CTranslate2.

    python -m bench.speed.engines [--size tiny --size opus-mt] [--batch 16 --batch 32] [--json FILE]

Random weights, inputs and outputs of a fixed length, greedy search, all cores.
Each way runs in a process of its own: one warm-up, then the median of several
runs. Memory is the process's peak resident set size; the model's memory is the part
above that of the libraries. Ratios are to ``generate`` with the same batch size, and
for single sentences with the first batch size.
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bench.speed.random_marian import SIZES, write
from summsvc.config.cores import cores
from summsvc.models.conversion.convert import convert

TOKENS = 32
"""Tokens of each input and output."""

SINGLE_SENTENCES = 8
"""Sentences of the slow measurement with batches of one."""

BATCHES = (16, 32)
BASELINE = "generate"
ALONE = ", one worker"
"""Suffix of a way with one worker on all threads instead of one worker per core."""

WAYS = (BASELINE, "ctranslate2 float32", "ctranslate2 int8", f"ctranslate2 int8{ALONE}")


def peak_mb() -> float:
    """Peak resident set of this process since it was started, in MB (from Linux's /proc)."""
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) * 1024 / 1e6


def inputs(vocabulary: int, sentences: int) -> list[list[int]]:
    """Random token ids, without the special tokens at both ends of the vocabulary."""
    chooser = random.Random(7)
    return [[chooser.randrange(2, vocabulary - 1) for _ in range(TOKENS)] for _ in range(sentences)]


def with_torch(folder: Path, batch: int, sentences: int) -> tuple[Callable[[], int], float]:
    """A run of ``generate`` in batches, and the memory in MB before loading the model."""
    import torch
    from transformers import AutoModelForSeq2SeqLM, logging

    logging.set_verbosity_error()
    logging.disable_progress_bar()
    torch.set_num_threads(cores())
    before = peak_mb()
    model = AutoModelForSeq2SeqLM.from_pretrained(folder).eval()
    texts = torch.tensor(inputs(model.config.vocab_size, sentences))

    def run() -> int:
        with torch.inference_mode():
            for begin in range(0, sentences, batch):
                made = model.generate(
                    texts[begin : begin + batch],
                    attention_mask=torch.ones_like(texts[begin : begin + batch]),
                    num_beams=1,
                    do_sample=False,
                    min_new_tokens=TOKENS,
                    max_new_tokens=TOKENS,
                )
                assert made.shape[1] == TOKENS + 1
        return sentences * TOKENS

    return run, before


def with_ctranslate2(
    folder: Path, batch: int, sentences: int, workers: int
) -> tuple[Callable[[], int], float]:
    """A run of CTranslate2 on all sentences in one call, and the memory in MB before loading."""
    import ctranslate2

    before = peak_mb()
    translator = ctranslate2.Translator(
        str(folder), device="cpu", inter_threads=workers, intra_threads=cores() // workers
    )
    vocabulary = len(json.loads((folder / "shared_vocabulary.json").read_text("utf-8")))
    texts = [[f"p{number}" for number in text] for text in inputs(vocabulary, sentences)]

    def run() -> int:
        results = translator.translate_batch(
            texts,
            beam_size=1,
            max_batch_size=batch,
            min_decoding_length=TOKENS,
            max_decoding_length=TOKENS,
        )
        made = sum(len(result.hypotheses[0]) for result in results)
        assert made == sentences * TOKENS
        return made

    return run, before


def measure(way: str, folder: Path, batch: int, arguments: argparse.Namespace) -> dict[str, float]:
    """Tokens per second and MB of one way, in this process."""
    sentences = SINGLE_SENTENCES if batch == 1 else arguments.sentences
    if way == BASELINE:
        run, before = with_torch(folder, batch, sentences)
    else:
        workers = 1 if way.endswith(ALONE) else cores()
        run, before = with_ctranslate2(folder, batch, sentences, workers)
    run()
    rates = []
    for _ in range(arguments.repeats):
        begun = time.perf_counter()
        tokens = run()
        rates.append(tokens / (time.perf_counter() - begun))
    return {
        "tokens_per_s": statistics.median(rates),
        "peak_mb": peak_mb(),
        "model_mb": peak_mb() - before,
    }


Rows = dict[tuple[int, str], dict[str, float]]


def table(name: str, rows: Rows) -> str:
    """One size's rows as a Markdown table with ratios to ``generate``."""
    first = min(batch for batch, _ in rows if batch > 1)
    lines = [
        f"| {name} | batch | tokens/s | ratio | peak MB | ratio | of it the model's |",
        "|---|---|---|---|---|---|---|",
    ]
    for (batch, way), row in rows.items():
        base = rows[max(batch, first), BASELINE]
        speed, memory = row["tokens_per_s"], row["peak_mb"]
        lines.append(
            f"| {way} | {batch} | {speed:.0f} | {speed / base['tokens_per_s']:.2f} "
            f"| {memory:.0f} | {memory / base['peak_mb']:.2f} | {row['model_mb']:.0f} |"
        )
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", action="append", choices=SIZES)
    parser.add_argument(
        "--batch", action="append", type=int, help="sentences in a batch; may be repeated"
    )
    parser.add_argument("--sentences", type=int, default=64)
    parser.add_argument("--repeats", type=int, default=2)
    parser.add_argument("--json", type=Path)
    parser.add_argument(
        "--one", nargs=3, metavar=("WAY", "FOLDER", "BATCH"), help=argparse.SUPPRESS
    )
    arguments = parser.parse_args()
    if arguments.one:
        way, folder, batch = arguments.one
        print(json.dumps(measure(way, Path(folder), int(batch), arguments)))
        return
    results: dict[str, Any] = {}
    for name in arguments.size or SIZES:
        with tempfile.TemporaryDirectory() as work:
            folders = {way: Path(work) / way.removesuffix(ALONE).split()[-1] for way in WAYS}
            write(SIZES[name], folders[BASELINE])
            for folder in set(folders.values()) - {folders[BASELINE]}:
                convert(folders[BASELINE], folder, quantization=folder.name)
            rows: Rows = {}
            asked = [(1, BASELINE)]
            asked += [(batch, way) for batch in arguments.batch or BATCHES for way in WAYS]
            for batch, way in asked:
                command = [sys.executable, "-m", "bench.speed.engines"]
                command += ["--one", way, str(folders[way]), str(batch)]
                for option in ("sentences", "repeats"):
                    command += [f"--{option}", str(getattr(arguments, option))]
                done = subprocess.run(command, check=True, capture_output=True, text=True)
                rows[batch, way] = json.loads(done.stdout.splitlines()[-1])
        results[name] = [{"batch": batch, "way": way} | row for (batch, way), row in rows.items()]
        print(table(name, rows), end="\n\n", flush=True)
    if arguments.json:
        arguments.json.write_text(json.dumps(results, indent=1))


if __name__ == "__main__":
    main()
