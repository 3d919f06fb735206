"""The two models of the serving benchmark, in stores of their own in .cache/bench.

"opus-mt": the size of a published OPUS-MT model, with constructed weights; every output
has the same 32 tokens. "trained": the small checkpoint of the tests, with correct
outputs.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from bench.speed import random_marian
from summsvc.engines.base import Task
from summsvc.models.conversion.convert import convert
from summsvc.models.store.store import Store
from tests.checkpoints import marian, pairs

MODELS = ("opus-mt", "trained")
PAIR = ("en", "ru")
OUTPUT_TOKENS = 32
"""Tokens of every output of "opus-mt", the end token included."""

ROOT = Path(__file__).parents[2] / ".cache" / "bench"
VERSION = "2"
"""Version of the checkpoint that ``write`` makes; a new version replaces the cached one."""


def checkpoint(name: str) -> Path:
    """Folder of a model in the hub's layout; created if missing. Needs torch."""
    if name == "trained":
        return marian("en-ru")
    folder = ROOT / f"{name}-{VERSION}"
    if not folder.is_dir():
        building = folder.with_suffix(".building")
        shutil.rmtree(building, ignore_errors=True)
        building.mkdir(parents=True)
        write(name, building, like=marian("en-ru"))
        building.rename(folder)
    return folder


def store(name: str) -> Store:
    """A store with only this model, converted for CTranslate2 in int8."""
    folder = checkpoint(name)
    made = Store(ROOT / f"store-{folder.name}")
    if made.get(name) is None:
        made.add(
            folder,
            name,
            Task.TRANSLATION,
            [PAIR],
            convert=lambda spec, target: convert(spec.path, target),
        )
    return made


def write(name: str, folder: Path, *, like: Path) -> None:
    """Write a Marian checkpoint whose outputs depend on the position only.

    Outputs of random weights never end or repeat themselves, and the server would
    retry them, so that the benchmark would measure retries. Therefore the
    decoder layers contribute little beside the position encodings, and the output
    matrix is fitted to these: position t gives token t of a sentence, and the end
    token at ``OUTPUT_TOKENS``. The amount of arithmetic is that of any model of this
    size. like: checkpoint whose tokenizer is used; filler tokens complete its
    vocabulary.
    """
    import torch

    size = random_marian.SIZES[name]
    for file in ("source.spm", "target.spm", "tokenizer_config.json"):
        shutil.copyfile(like / file, folder / file)
    known: dict[str, int] = json.loads((like / "vocab.json").read_text("utf-8"))
    pad = size.vocabulary - 1
    pieces = [piece for piece in known if piece != "<pad>"]
    pieces += [f"filler{number}" for number in range(len(pieces), pad)]
    numbers = {piece: number for number, piece in enumerate([*pieces, "<pad>"])}
    (folder / "vocab.json").write_text(json.dumps(numbers, ensure_ascii=False), "utf-8")
    model = random_marian.model(size, tie_word_embeddings=False).eval()
    wanted = [numbers[piece] for piece in _distinct(folder / "target.spm", numbers)]
    with torch.inference_mode():
        for embeddings in (model.get_encoder(), model.get_decoder()):
            embeddings.embed_tokens.weight *= 0.1
            embeddings.embed_tokens.weight[pad] = 0
        for layer in model.get_decoder().layers:
            for last in (layer.self_attn.out_proj, layer.encoder_attn.out_proj, layer.fc2):
                last.weight *= 0.05
                last.bias.zero_()
        read = torch.randint(1, pad, (16, OUTPUT_TOKENS))
        hidden = model.model(
            input_ids=read, decoder_input_ids=torch.tensor([[pad, *wanted]]).expand(16, -1)
        ).last_hidden_state.mean(0)
        model.lm_head.weight[[*wanted, 0]] = hidden - hidden.mean(0)
    model.generation_config.update(num_beams=1, bad_words_ids=[[pad]], max_length=None)
    model.save_pretrained(folder)


def _distinct(tokenizer: Path, numbers: dict[str, int]) -> list[str]:
    """Different tokens of real text, as many as an output has without its end token."""
    from sentencepiece import SentencePieceProcessor

    processor = SentencePieceProcessor(model_file=str(tokenizer))
    found: dict[str, None] = {}
    for _, target in pairs("en-ru"):
        found |= dict.fromkeys(
            piece for piece in processor.encode(target, out_type=str) if piece in numbers
        )
    return list(found)[: OUTPUT_TOKENS - 1]
