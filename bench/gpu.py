"""Throughput of the transformers engine on a GPU, compared with the memory-bandwidth limit.

    python -m bench.gpu [--size opus-mt] [--batch 1 --batch 16] [--json FILE]

Random weights in bfloat16, real sentences as input, outputs of a fixed length,
greedy search, with the engine as the service uses it (tokenizer and scores
included). The limit: a decoding step reads the weights of the decoder and the output
layer once, and the key-value cache of every sentence; a step takes at least these
bytes divided by the memory bandwidth, which the same run measures with a copy.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

from bench.speed.random_marian import SIZES, write
from summsvc.engines.base import DecodingOptions, LanguageTokens, ModelSpec, Placement, Task
from summsvc.engines.transformers import TransformersEngine

TOKENS = 64
BATCHES = (1, 2, 4, 8, 16, 32, 64, 128, 256)
TEXT = Path(__file__).parent.parent / "seeds"
NLLB = {"width": 1024, "layers": 12, "heads": 16, "feed_forward": 4096, "vocabulary": 256_206}


def sentences(count: int) -> list[str]:
    """Sentences of the seed article, repeated to ``count``."""
    words = " ".join(path.read_text("utf-8") for path in sorted(TEXT.glob("*.txt"))).split()
    found = [" ".join(words[at : at + 16]) for at in range(0, len(words) - 16, 16)]
    return [found[number % len(found)] for number in range(count)]


def pieces(folder: Path, names: tuple[str, ...]) -> list[str]:
    """Train SentencePiece on the seed, write it to ``folder`` as ``names``; returns its pieces."""
    import sentencepiece

    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(sentences(40)),
        model_prefix=str(folder / "trained"),
        vocab_size=400,
        hard_vocab_limit=False,
        minloglevel=2,
    )
    model = folder / "trained.model"
    for name in names:
        (folder / name).write_bytes(model.read_bytes())
    read = sentencepiece.SentencePieceProcessor(model_file=str(model))
    return [read.id_to_piece(number) for number in range(read.get_piece_size())]


def opus_mt(folder: Path) -> ModelSpec:
    """A Marian checkpoint of the size of OPUS-MT's transformer-base models."""
    size = SIZES["opus-mt"]
    write(size, folder)
    known = dict.fromkeys(["</s>", "<unk>", *pieces(folder, ("source.spm", "target.spm"))])
    filler = [f"p{number}" for number in range(len(known), size.vocabulary - 1)]
    numbers = {piece: number for number, piece in enumerate([*known, *filler, "<pad>"])}
    (folder / "vocab.json").write_text(json.dumps(numbers), "utf-8")
    (folder / "tokenizer_config.json").write_text(
        json.dumps({"tokenizer_class": "MarianTokenizer", "model_max_length": 512}), "utf-8"
    )
    return ModelSpec("opus-mt", Task.TRANSLATION, folder, "marian", (("en", "ru"),))


def nllb(folder: Path) -> ModelSpec:
    """A checkpoint of the size of NLLB-200-distilled-600M."""
    import torch
    from transformers import M2M100Config, M2M100ForConditionalGeneration

    torch.manual_seed(1)
    config = M2M100Config(
        vocab_size=NLLB["vocabulary"],
        d_model=NLLB["width"],
        encoder_layers=NLLB["layers"],
        decoder_layers=NLLB["layers"],
        encoder_attention_heads=NLLB["heads"],
        decoder_attention_heads=NLLB["heads"],
        encoder_ffn_dim=NLLB["feed_forward"],
        decoder_ffn_dim=NLLB["feed_forward"],
        activation_function="relu",
        scale_embedding=True,
        decoder_start_token_id=2,
        max_position_embeddings=1024,
    )
    model: Any = M2M100ForConditionalGeneration(config)
    model.to(torch.bfloat16).save_pretrained(folder)
    pieces(folder, ("sentencepiece.bpe.model",))
    (folder / "tokenizer_config.json").write_text(
        json.dumps({"tokenizer_class": "NllbTokenizer", "model_max_length": 1024}), "utf-8"
    )
    return ModelSpec(
        "nllb",
        Task.TRANSLATION,
        folder,
        "m2m_100",
        (("en", "ru"),),
        LanguageTokens.SOURCE_AND_TARGET,
        {"en": "eng_Latn", "ru": "rus_Cyrl"},
    )


MODELS = {"opus-mt": opus_mt, "nllb": nllb}


def bandwidth() -> float:
    """Bandwidth of a copy within the GPU's memory in bytes per second, reads plus writes."""
    import torch

    source = torch.empty(2 << 30, dtype=torch.uint8, device="cuda")
    target = torch.empty_like(source)
    rates = []
    for _ in range(5):
        torch.cuda.synchronize()
        begun = time.perf_counter()
        for _ in range(10):
            target.copy_(source)
        torch.cuda.synchronize()
        rates.append(10 * 2 * source.nbytes / (time.perf_counter() - begun))
    return max(rates)


def step_bytes(model: Any, batch: int, source: int) -> int:
    """Bytes that one decoding step reads: weights, half the self-attention cache, cross cache."""
    config = model.config
    weights: int = sum(each.nbytes for each in model.model.decoder.layers.parameters())
    weights += int(model.get_output_embeddings().weight.nbytes)
    per_token = 2 * int(config.decoder_layers) * int(config.d_model) * 2
    return weights + batch * per_token * (source + TOKENS // 2)


def measure(engine: TransformersEngine, batch: int, repeats: int) -> tuple[float, int]:
    """Output tokens per second (median) and the longest input in tokens."""
    texts = sentences(batch)
    options = DecodingOptions(beam_size=1, min_output_tokens=TOKENS, max_output_tokens=TOKENS)
    rates = []
    for attempt in range(repeats + 1):
        begun = time.perf_counter()
        outputs = engine.generate(texts, "en", "ru", options)
        if attempt:
            rates.append(batch * TOKENS / (time.perf_counter() - begun))
    return statistics.median(rates), max(each.input_tokens for each in outputs)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", action="append", choices=MODELS)
    parser.add_argument("--batch", action="append", type=int)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--device", choices=("cuda", "cpu"), default="cuda")
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    import torch

    rate = bandwidth() if arguments.device == "cuda" else float("nan")
    results: dict[str, Any] = {"bandwidth": rate}
    print(f"memory: {rate / 1e9:.0f} GB/s, copied")
    for name in arguments.size or MODELS:
        print(f"\n| {name}, batch | tokens/s | the floor allows | share | GiB |")
        print("|---|---|---|---|---|")
        with tempfile.TemporaryDirectory() as folder:
            spec = MODELS[name](Path(folder))
            engine = TransformersEngine(
                spec, Placement(device=arguments.device, compute_type="bfloat16")
            )
            results[name] = []
            for batch in arguments.batch or BATCHES:
                speed, source = measure(engine, batch, arguments.repeats)
                limit = batch * rate / step_bytes(engine._model, batch, source)
                peak = torch.cuda.max_memory_allocated() / 2**30
                results[name].append({"batch": batch, "tokens_per_s": speed, "floor": limit})
                print(
                    f"| {batch} | {speed:.0f} | {limit:.0f} | {speed / limit:.3f} | {peak:.1f} |",
                    flush=True,
                )
            engine.close()
    if arguments.json:
        arguments.json.write_text(json.dumps(results, indent=1))


if __name__ == "__main__":
    main()
