"""Checkpoints of the hub's layout into CTranslate2's: which are converted, and how."""

from __future__ import annotations

import importlib.util
import json
import shutil
from collections.abc import Collection
from functools import partial
from importlib import metadata
from pathlib import Path

from summsvc.engines.base import ModelSpec
from summsvc.engines.ctranslate2 import ARCHITECTURES
from summsvc.errors import ModelUnavailableError
from summsvc.models.conversion import marian, transformers, verify
from summsvc.models.store import files
from summsvc.models.store.store import Convert

SAFETENSORS = "model.safetensors"

SOURCE_CONFIG = "source_config.json"
"""The checkpoint's own config.json; the converted folder has one of CTranslate2's."""


def converter(
    engine: str, architecture: str, names: Collection[str] = (SAFETENSORS,)
) -> Convert | None:
    """How a model is to be installed for an engine; None: as it is.

    engine: "ctranslate2", "transformers", or "auto": transformers where torch
    finds a GPU and for what CTranslate2 does not run, else ctranslate2.
    architecture: ``model_type`` of the hub's config.json. names: of the
    checkpoint's files. Raises ModelUnavailableError when it cannot be converted here.
    """
    if engine == "transformers":
        return None
    if architecture not in ARCHITECTURES:
        if engine == "auto":
            return None
        raise ModelUnavailableError(
            f"CTranslate2 has no {architecture} models, it runs {', '.join(ARCHITECTURES)}; "
            "install it with --engine transformers"
        )
    if engine == "auto" and _torch_finds_gpu():
        return None
    if _needs_torch(architecture, names) and not has_torch():
        raise ModelUnavailableError(transformers.NEEDS_TORCH.format(architecture))
    return partial(convert_checked, quantization=quantization())


def _needs_torch(architecture: str, names: Collection[str]) -> bool:
    return architecture != "marian" or files.weights(names) not in ([], [SAFETENSORS])


def has_torch() -> bool:
    """Whether what the extra ``torch`` brings is here; looked up, not imported."""
    return all(importlib.util.find_spec(name) for name in ("torch", "transformers"))


def _torch_finds_gpu() -> bool:
    if not has_torch():
        return False
    import torch

    return bool(torch.cuda.is_available())


def quantization() -> str:
    """Half precision where CTranslate2 finds a GPU, else int8 where the CPU computes in it."""
    import ctranslate2

    if ctranslate2.get_cuda_device_count():
        return "float16"
    supported = ctranslate2.get_supported_compute_types("cpu")
    return "int8" if "int8" in supported else "float32"


def convert_checked(spec: ModelSpec, target: Path, *, quantization: str) -> dict[str, str]:
    """Convert the checkpoint of ``spec`` and see that the result does the same: see ``check``.

    Takes room for a float32 copy meanwhile. Raises as ``convert``, and ConversionError.
    """
    facts = convert(spec.path, target, quantization=quantization)
    exact = target if quantization == "float32" else target / "float32"
    if exact != target:
        convert(spec.path, exact, quantization="float32")
    facts["check"] = verify.check(spec, exact, target, reference=has_torch())
    if exact != target:
        shutil.rmtree(exact)
    return facts


def convert(source: Path, target: Path, *, quantization: str = "int8") -> dict[str, str]:
    """Convert the checkpoint in ``source`` into the folder ``target``.

    quantization: "int8", "float16" or "float32". Returns how it was done.
    Blocks for seconds to minutes. Raises ModelUnavailableError when the
    architecture needs torch and it is not installed, ModelBrokenError when
    tensors are missing or not finite.
    """
    config = json.loads((source / "config.json").read_text("utf-8"))
    target.mkdir(parents=True, exist_ok=True)
    if not _needs_torch(config.get("model_type"), [path.name for path in source.iterdir()]):
        description = marian.read(source, config)
        method = "tensors mapped"
    else:
        description = transformers.read(source, config)
        method = "ctranslate2.converters"
    description.validate()
    description.optimize(quantization=quantization)
    description.save(str(target))
    shutil.copyfile(source / "config.json", target / SOURCE_CONFIG)
    if config.get("model_type") == "marian":
        marian.convention(source, config).write(target)
        for name in ("source.spm", "target.spm"):
            if (source / name).is_file():
                shutil.copyfile(source / name, target / name)
    else:
        transformers.write_tokenizer(source, target, config)
    for path in source.glob("LICENSE*"):
        shutil.copyfile(path, target / path.name)
    return {
        "engine": "ctranslate2",
        "method": method,
        "quantization": quantization,
        "ctranslate2": metadata.version("ctranslate2"),
    }
