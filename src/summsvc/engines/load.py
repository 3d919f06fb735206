"""Which engine runs a model, decided by what lies in its folder."""

from __future__ import annotations

from summsvc.engines.base import ModelSpec, Placement, Seq2SeqEngine
from summsvc.errors import ModelBrokenError

FILES = {"ctranslate2": "model.bin", "transformers": "model.safetensors"}
"""What only a folder in an engine's own form holds."""


def load(spec: ModelSpec, placement: Placement, engine: str = "auto") -> Seq2SeqEngine:
    """Load a model. Blocks for seconds.

    engine: "auto", "ctranslate2" or "transformers". Raises ModelBrokenError
    when the folder is not one that the engine can read, or when a library for
    it is missing.
    """
    present = [name for name, file in FILES.items() if (spec.path / file).is_file()]
    if engine in ("auto", "ctranslate2") and "ctranslate2" in present:
        from summsvc.engines.ctranslate2 import CTranslate2Engine

        return CTranslate2Engine(spec, placement)
    if engine in ("auto", "transformers") and "ctranslate2" not in present:
        from summsvc.engines.transformers import TransformersEngine

        return TransformersEngine(spec, placement)
    raise ModelBrokenError(
        f"model '{spec.id}' is installed for {' and '.join(present) or 'no engine'}; "
        f"the setting engine asks for {engine}",
        metadata={"model": spec.id, "engine": engine},
    )
