"""Conversion of a checkpoint to an engine's files: method, quantization and verification."""

from __future__ import annotations

import importlib.util
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from importlib import metadata
from pathlib import Path
from typing import Any, Protocol

from summsvc.engines.base import ModelSpec
from summsvc.engines.ctranslate2 import ARCHITECTURES
from summsvc.engines.declared import Declared
from summsvc.errors import ModelUnavailableError
from summsvc.models.conversion import argos, bart, layers, marian, t5, transformers, verify
from summsvc.models.conversion.students import files as students
from summsvc.models.conversion.weights import Weights
from summsvc.models.store.store import Convert

SOURCE_CONFIG_FILE = "source_config.json"
"""The checkpoint's own config.json; the converted folder has CTranslate2's config.json."""


@dataclass(frozen=True, slots=True)
class OwnFormat:
    """How models that are not published in the hub's layout are installed.

    engines: values of ``engine`` that are accepted. refusal: what is said of the others.
    """

    engines: tuple[str, ...]
    install: Convert
    refusal: str


class TensorMapping(Protocol):
    """A module that converts checkpoints of an architecture."""

    def load_spec(self, source: Path, config: Declared) -> Any:
        """The CTranslate2 specification of a checkpoint."""

    def write_tokenizer(self, source: Path, target: Path, config: Declared) -> None:
        """Write the files that ``Tokenizer`` loads beside the converted model."""


def converter(engine: str, architecture: str) -> Convert | None:
    """How to install a model for an engine: a conversion, or None to copy its files.

    engine: "ctranslate2", "transformers", or "auto": onnxruntime for student models,
    transformers where torch finds a GPU or CTranslate2 does not support the architecture,
    otherwise ctranslate2. architecture: ``model_type`` of the hub's config.json, "student" or
    "opennmt". Raises ModelUnavailableError when the model cannot be converted on this machine.
    """
    own = OWN_FORMATS.get(architecture)
    if own is not None:
        if engine not in own.engines:
            raise ModelUnavailableError(own.refusal.format(engine))
        return own.install
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
    if architecture not in MAPPINGS and not has_torch():
        raise ModelUnavailableError(transformers.NEEDS_TORCH.format(_converting(architecture)))
    return partial(convert_and_verify, quantization=quantization())


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
    return "float16" if Weights(source).has_half_precision() else "float32"


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
    is not installed, ModelBrokenError when a value of a file is missing or wrong, or a tensor is
    missing or not finite.
    """
    config = Declared.load(source / "config.json")
    target.mkdir(parents=True, exist_ok=True)
    mapping = _mapping(config.text("model_type"))
    description = mapping.load_spec(source, config)
    description.validate()
    layers.copy_before_quantization(description)
    description.optimize(quantization=quantization)
    description.save(str(target))
    shutil.copyfile(source / "config.json", target / SOURCE_CONFIG_FILE)
    mapping.write_tokenizer(source, target, config)
    for path in source.glob("LICENSE*"):
        shutil.copyfile(path, target / path.name)
    return {
        "engine": "ctranslate2",
        "method": transformers.METHOD if mapping is transformers else layers.METHOD,
        "quantization": quantization,
        "ctranslate2": metadata.version("ctranslate2"),
    }


def _mapping(architecture: str) -> TensorMapping:
    """The module that converts an architecture. Raises ModelUnavailableError."""
    if architecture in MAPPINGS:
        return MAPPINGS[architecture]
    if not has_torch():
        raise ModelUnavailableError(transformers.NEEDS_TORCH.format(_converting(architecture)))
    return transformers


def _converting(architecture: str) -> str:
    return f"converting {architecture} models (other than {', '.join(MAPPINGS)})"


MAPPINGS: Mapping[str, TensorMapping] = {"bart": bart, "marian": marian, "mt5": t5, "t5": t5}
"""Architectures that are converted without torch; the others need CTranslate2's converter."""

OWN_FORMATS: Mapping[str, OwnFormat] = {
    students.ARCHITECTURE: OwnFormat(
        ("auto",),
        convert_and_verify_student,
        "student models run only on onnxruntime, not on {}; install it with --engine auto",
    ),
    argos.ARCHITECTURE: OwnFormat(
        ("auto", "ctranslate2"),
        convert_and_verify_argos,
        "Argos packages run only on ctranslate2; install it with --engine auto",
    ),
}
"""Models that are not published in the hub's layout, by ``ModelSpec.architecture``."""
