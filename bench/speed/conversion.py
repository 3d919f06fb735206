"""Peak memory and time of a conversion without torch: BART of DistilBART's shape, random weights.

    python -m bench.speed.conversion [PART OF A ROW'S NAME]

Each conversion to int8 runs in its own process. Anonymous memory is what the process cannot give
back; the difference to the resident memory is the mapped file, which the system can drop.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

WIDTH, HEADS, FEED_FORWARD, VOCABULARY, POSITIONS = 1024, 16, 4096, 50_264, 1024
LAYERS = {"12-6": (12, 6), "6-6": (6, 6)}
CASES = (
    ("12-6", "pytorch_model.bin", "float32"),
    ("12-6", "pytorch_model.bin of torch before 1.6", "float32"),
    ("12-6", "model.safetensors", "float32"),
    ("6-6", "model.safetensors", "float16"),
)
"""Rows of the table: layers, file and type of the weights."""

_MEASURED = """
import sys, threading, time
sys.modules["torch"] = sys.modules["transformers"] = None
from pathlib import Path
import ctranslate2.specs
from summsvc.models.conversion.convert import convert

def memory():
    lines = Path("/proc/self/status").read_text().splitlines()
    return {line.split(":")[0]: int(line.split()[1]) / 1e6 for line in lines if line.endswith("kB")}

peak, before, stop = 0.0, memory()["RssAnon"], threading.Event()

def watch():
    global peak
    while not stop.wait(0.005):
        peak = max(peak, memory()["RssAnon"])

watcher = threading.Thread(target=watch)
watcher.start()
began = time.monotonic()
convert(Path(sys.argv[1]), Path(sys.argv[2]))
took = time.monotonic() - began
stop.set()
watcher.join()
print(f"{before:.2f} | {peak:.2f} | {memory()['VmHWM']:.2f} | {took:.0f}")
"""


def write(folder: Path, layers: tuple[int, int], weights: str, kind: str) -> None:
    """Write a checkpoint in the hub's layout; needs torch. weights, kind: see ``CASES``."""
    import torch
    from transformers import BartConfig, BartForConditionalGeneration

    torch.manual_seed(1)
    config = BartConfig(
        vocab_size=VOCABULARY,
        d_model=WIDTH,
        encoder_layers=layers[0],
        decoder_layers=layers[1],
        encoder_attention_heads=HEADS,
        decoder_attention_heads=HEADS,
        encoder_ffn_dim=FEED_FORWARD,
        decoder_ffn_dim=FEED_FORWARD,
        max_position_embeddings=POSITIONS,
    )
    made = BartForConditionalGeneration(config)
    if kind == "float16":
        made = made.half()
    made.save_pretrained(folder)
    if weights != "model.safetensors":
        (folder / "model.safetensors").unlink()
        torch.save(
            made.state_dict(),
            folder / "pytorch_model.bin",
            _use_new_zipfile_serialization=weights == "pytorch_model.bin",
        )
    tokens = ["<s>", "<pad>", "</s>", "<unk>", *(f"t{i}" for i in range(4, VOCABULARY)), "<mask>"]
    vocabulary = {token: number for number, token in enumerate(tokens)}
    (folder / "vocab.json").write_text(json.dumps(vocabulary), "utf-8")
    (folder / "merges.txt").write_text("#version: 0.2\n", "utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("chosen", nargs="?", default="", help="measure rows with this text only")
    chosen = parser.parse_args().chosen
    print("| Layers | Weights | File, GB | Before, GB | Anonymous peak | Resident peak | Seconds |")
    print("|---|---|---|---|---|---|---|")
    for name, weights, kind in CASES:
        row = f"| {name} | {weights}, {kind} |"
        if chosen not in row:
            continue
        with tempfile.TemporaryDirectory() as scratch:
            source = Path(scratch) / "source"
            write(source, LAYERS[name], weights, kind)
            (file,) = [*source.glob("*.bin"), *source.glob("*.safetensors")]
            size = file.stat().st_size / 1e9
            target = str(Path(scratch) / "target")
            command = [sys.executable, "-c", _MEASURED, str(source), target]
            done = subprocess.run(command, capture_output=True, text=True, check=True)
        print(f"{row} {size:.2f} | {done.stdout.strip()} |", flush=True)


if __name__ == "__main__":
    main()
