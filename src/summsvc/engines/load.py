"""Engine loader: selects the engine of a model by the files in its folder."""

from __future__ import annotations

from pathlib import Path

from summsvc.engines.base import ModelSpec, Placement, Seq2SeqEngine
from summsvc.engines.onnxruntime.layout import LAYOUT_FILE
from summsvc.errors import ModelBrokenError

CTRANSLATE2_MODEL_FILE = "model.bin"
"""A file that only CTranslate2 folders have; other folders are in the hub's layout."""


def load(spec: ModelSpec, placement: Placement, engine: str = "auto") -> Seq2SeqEngine:
    """Load a model; blocks for seconds.

    engine: "auto", "ctranslate2" or "transformers"; student models have only one engine, and
    are loaded with any of these. Raises ModelBrokenError when the folder is not in the engine's
    layout, or when a library of the engine is not installed.
    """
    layout = _layout(spec.path)
    if layout != "onnxruntime" and engine not in ("auto", layout):
        raise ModelBrokenError(
            f"model '{spec.id}' is installed for {layout}, but the setting engine is {engine}; "
            f"reinstall it with --engine {engine}",
            metadata={"model": spec.id, "engine": engine},
        )
    if layout == "onnxruntime":
        from summsvc.engines.onnxruntime.engine import OnnxRuntimeEngine

        return OnnxRuntimeEngine(spec, placement)
    if layout == "ctranslate2":
        from summsvc.engines.ctranslate2 import CTranslate2Engine

        return CTranslate2Engine(spec, placement)
    from summsvc.engines.transformers import TransformersEngine

    return TransformersEngine(spec, placement)


def _layout(folder: Path) -> str:
    """Name of the engine that a folder's files are for."""
    if (folder / LAYOUT_FILE).is_file():
        return "onnxruntime"
    return "ctranslate2" if (folder / CTRANSLATE2_MODEL_FILE).is_file() else "transformers"
