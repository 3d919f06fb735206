"""The models of the benchmarks with a server, in stores of their own in .cache/bench.

"opus-mt", "tc-big": the sizes of published OPUS-MT models, with constructed weights; every
output has the same 32 tokens. "student-base", "student-base-memory", "student-tiny": those of
Firefox's students, likewise. "trained": the small checkpoint of the tests, with correct outputs.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from bench.serve.wanted import OUTPUT_TOKENS, distinct
from bench.speed import random_marian
from summsvc.engines.base import Task
from summsvc.models.conversion.convert import convert
from summsvc.models.conversion.students.convert import convert as convert_student
from summsvc.models.store.store import Store
from tests.checkpoints import marian, student

MODELS = ("opus-mt", "trained")
"""The models of the serving benchmark."""

SIZES = random_marian.SIZES | {"tc-big": random_marian.Size(1024, 6, 16, 4096, 61_000)}
STUDENT = "student-"
PAIR = ("en", "ru")

ROOT = Path(__file__).parents[2] / ".cache" / "bench"
VERSION = "2"
"""Version of the checkpoint that ``write`` makes; a new version replaces the cached one."""


def checkpoint(name: str) -> Path:
    """Folder of a model as it is published; created if missing. Needs torch."""
    if name == "trained":
        return marian("en-ru")
    folder = ROOT / f"{name}-{VERSION}"
    if not folder.is_dir():
        building = folder.with_suffix(".building")
        shutil.rmtree(building, ignore_errors=True)
        building.mkdir(parents=True)
        if name.startswith(STUDENT):
            from bench.serve import random_student

            random_student.write(name, building, like=student("en-ru"))
        else:
            write(name, building, like=marian("en-ru"))
        building.rename(folder)
    return folder


def store(name: str) -> Store:
    """A store with only this model, in int8, for CTranslate2 or for the engine of students."""
    folder = checkpoint(name)
    installed = convert_student if name.startswith(STUDENT) else convert
    made = Store(ROOT / f"store-{folder.name}")
    if made.get(name) is None:
        made.add(
            folder,
            name,
            Task.TRANSLATION,
            [PAIR],
            convert=lambda spec, target: installed(spec.path, target),
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

    size = SIZES[name]
    for file in ("source.spm", "target.spm", "tokenizer_config.json"):
        shutil.copyfile(like / file, folder / file)
    known: dict[str, int] = json.loads((like / "vocab.json").read_text("utf-8"))
    pad = size.vocabulary - 1
    pieces = [piece for piece in known if piece != "<pad>"]
    pieces += [f"filler{number}" for number in range(len(pieces), pad)]
    numbers = {piece: number for number, piece in enumerate([*pieces, "<pad>"])}
    (folder / "vocab.json").write_text(json.dumps(numbers, ensure_ascii=False), "utf-8")
    model = random_marian.model(size, tie_word_embeddings=False).eval()
    wanted = [numbers[piece] for piece in distinct(folder / "target.spm", numbers)]
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
