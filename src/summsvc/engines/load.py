"""Engine loader: selects the engine of a model by the files in its folder."""

from __future__ import annotations

from collections.abc import Callable, Sequence
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


CountTokens = Callable[[Sequence[str], str, str], list[int]]
"""Lengths of texts in tokens, as ``Seq2SeqEngine.count_tokens``."""


def load_counter(spec: ModelSpec) -> CountTokens:
    """Load what counts a model's tokens, without the model.

    The result is thread-safe and reads no file, so the model's folder may be removed or replaced.
    Raises ModelBrokenError for a model of the transformers engine, or one whose files cannot
    be read.
    """
    layout = _layout(spec.path)
    if layout == "transformers":
        raise ModelBrokenError(
            f"model '{spec.id}' is installed for transformers, which counts tokens only together "
            "with the model; run it inside the service, or reinstall it with --engine ctranslate2",
            metadata={"model": spec.id},
        )
    try:
        return _student_counter(spec) if layout == "onnxruntime" else _piece_counter(spec)
    except Exception as error:
        raise ModelBrokenError(
            f"the tokenizer of model '{spec.id}' could not be loaded",
            metadata={"model": spec.id},
            detail=str(error) or type(error).__name__,
        ) from error


def _student_counter(spec: ModelSpec) -> CountTokens:
    from summsvc.engines.onnxruntime.layout import SOURCE_VOCABULARY_FILE, TARGET_VOCABULARY_FILE
    from summsvc.engines.onnxruntime.vocabulary import Vocabulary

    vocabulary = Vocabulary(spec.path / SOURCE_VOCABULARY_FILE, spec.path / TARGET_VOCABULARY_FILE)
    return lambda texts, _source, _target: [len(ids) for ids in vocabulary.encode(texts)]


def _piece_counter(spec: ModelSpec) -> CountTokens:
    from summsvc.engines.tokenizer import Tokenizer

    tokenizer = Tokenizer(spec)
    return lambda texts, source, target: [
        len(tokens) for tokens in tokenizer.encode(texts, source, target)
    ]


def _layout(folder: Path) -> str:
    """Name of the engine that a folder's files are for."""
    if (folder / LAYOUT_FILE).is_file():
        return "onnxruntime"
    return "ctranslate2" if (folder / CTRANSLATE2_MODEL_FILE).is_file() else "transformers"
