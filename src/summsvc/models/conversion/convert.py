"""Conversion of a checkpoint to an engine's files: method, quantization and verification."""

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
from summsvc.models.conversion import argos, marian, transformers, verify
from summsvc.models.conversion.students import files as students
from summsvc.models.store import files
from summsvc.models.store.store import Convert

SAFETENSORS_FILE = "model.safetensors"
"""Name of a checkpoint's weights in one safetensors file."""

SOURCE_CONFIG_FILE = "source_config.json"
"""The checkpoint's own config.json; the converted folder has CTranslate2's config.json."""


def converter(
    engine: str, architecture: str, names: Collection[str] = (SAFETENSORS_FILE,)
) -> Convert | None:
    """How to install a model for an engine: a conversion, or None to copy its files.

    engine: "ctranslate2", "transformers", or "auto": onnxruntime for student models,
    transformers where torch finds a GPU or CTranslate2 does not support the architecture,
    otherwise ctranslate2. architecture: ``model_type`` of the hub's config.json, or "student".
    names: file names of the checkpoint. Raises ModelUnavailableError when the model cannot be
    converted on this machine.
    """
    if architecture == students.ARCHITECTURE:
        if engine != "auto":
            raise ModelUnavailableError(
                f"student models run only on onnxruntime, not on {engine}; install it with "
                "--engine auto"
            )
        return convert_and_verify_student
    if architecture == argos.ARCHITECTURE:
        if engine == "transformers":
            raise ModelUnavailableError(
                "Argos packages run only on ctranslate2; install it with --engine auto"
            )
        return convert_and_verify_argos
    if engine == "transformers":
        return None
    if architecture not in ARCHITECTURES:
        if engine == "auto":
            return None
        raise ModelUnavailableError(
            f"CTranslate2 does not support {architecture} models, only {', '.join(ARCHITECTURES)}; "
            "install it with --engine transformers"
        )
    if engine == "auto" and _torch_finds_gpu():
        return None
    if _needs_torch(architecture, names) and not has_torch():
        raise ModelUnavailableError(transformers.NEEDS_TORCH.format(architecture))
    return partial(convert_and_verify, quantization=quantization())


def _needs_torch(architecture: str, names: Collection[str]) -> bool:
    return architecture != "marian" or files.weight_files(names) not in ([], [SAFETENSORS_FILE])


def has_torch() -> bool:
    """Whether the packages of the extra ``torch`` are installed; does not import them."""
    return all(importlib.util.find_spec(name) for name in ("torch", "transformers"))


def _torch_finds_gpu() -> bool:
    if not has_torch():
        return False
    import torch

    return bool(torch.cuda.is_available())


def quantization() -> str:
    """float16 where CTranslate2 finds a GPU, else int8 where the CPU supports it, else float32."""
    import ctranslate2

    if ctranslate2.get_cuda_device_count():
        return "float16"
    supported = ctranslate2.get_supported_compute_types("cpu")
    return "int8" if "int8" in supported else "float32"


def convert_and_verify(spec: ModelSpec, target: Path, *, quantization: str) -> dict[str, str]:
    """Convert the checkpoint of ``spec`` and verify the result, see ``verify``.

    A temporary copy without quantization exists only until it is verified: it needs as much
    disk space as the checkpoint. Raises the errors of ``convert``, and ConversionError.
    """
    if quantization == "float32":
        facts = convert(spec.path, target, quantization=quantization)
        facts["check"] = verify.verify_exact(spec, target, reference=has_torch()).summary
        return facts
    exact = target / "exact"
    convert(spec.path, exact, quantization=_exact_type(spec.path))
    outputs = verify.verify_exact(spec, exact, reference=has_torch())
    shutil.rmtree(exact)
    facts = convert(spec.path, target, quantization=quantization)
    facts["check"] = verify.verify_quantized(spec, outputs, target)
    return facts


def _exact_type(source: Path) -> str:
    """float16 for a checkpoint whose tensors all have that type, else float32.

    The engine computes in float32 with either, and float16 takes half the space.
    """
    path = source / SAFETENSORS_FILE
    if not path.is_file():
        return "float32"
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, "np") as file:
            types = {file.get_slice(name).get_dtype() for name in file.keys()}  # noqa: SIM118
    except SafetensorError:
        # ``convert`` reports it.
        return "float32"
    return "float16" if types == {"F16"} else "float32"


def convert_and_verify_student(spec: ModelSpec, target: Path) -> dict[str, str]:
    """Convert the student model of ``spec`` and verify the result, see ``verify_student``.

    Raises the errors of ``students.convert.convert``, and ConversionError.
    """
    from summsvc.models.conversion.students.convert import convert as convert_student

    facts = convert_student(spec.path, target)
    facts["check"] = verify.verify_student(spec, target)
    return facts


def convert_and_verify_argos(spec: ModelSpec, target: Path) -> dict[str, str]:
    """Install the Argos package of ``spec`` and verify it, see ``verify_outputs``.

    Raises the errors of ``argos.convert``, and ConversionError.
    """
    facts = argos.convert(spec, target)
    facts["check"] = verify.verify_outputs(spec, target)
    return facts


def convert(source: Path, target: Path, *, quantization: str = "int8") -> dict[str, str]:
    """Convert the checkpoint in ``source`` into the folder ``target``.

    quantization: "int8", "float16" or "float32". Returns how it was converted. Blocks for
    seconds to minutes. Raises ModelUnavailableError when the architecture needs torch and it
    is not installed, ModelBrokenError when tensors are missing or not finite.
    """
    config = json.loads((source / "config.json").read_text("utf-8"))
    target.mkdir(parents=True, exist_ok=True)
    if not _needs_torch(config.get("model_type"), [path.name for path in source.iterdir()]):
        description = marian.load_spec(source, config)
        method = "tensors mapped"
    else:
        description = transformers.load_spec(source, config)
        method = "ctranslate2.converters"
    description.validate()
    description.optimize(quantization=quantization)
    description.save(str(target))
    shutil.copyfile(source / "config.json", target / SOURCE_CONFIG_FILE)
    if config.get("model_type") == "marian":
        marian.token_framing(source, config).save(target)
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
