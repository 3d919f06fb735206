"""Which engine runs a model, decided by what lies in its folder."""

from __future__ import annotations

from summsvc.engines.base import ModelSpec, Placement, Seq2SeqEngine
from summsvc.errors import ModelBrokenError

CONVERTED = "model.bin"
"""What only a folder in CTranslate2's form holds; any other is in the hub's."""


def load(spec: ModelSpec, placement: Placement, engine: str = "auto") -> Seq2SeqEngine:
    """Load a model. Blocks for seconds.

    engine: "auto", "ctranslate2" or "transformers". Raises ModelBrokenError
    when the folder is not one that the engine can read, or when a library for
    it is missing.
    """
    form = "ctranslate2" if (spec.path / CONVERTED).is_file() else "transformers"
    if engine not in ("auto", form):
        raise ModelBrokenError(
            f"model '{spec.id}' is installed for {form} and the setting engine asks for {engine}; "
            f"install it anew with --engine {engine}",
            metadata={"model": spec.id, "engine": engine},
        )
    if form == "ctranslate2":
        from summsvc.engines.ctranslate2 import CTranslate2Engine

        return CTranslate2Engine(spec, placement)
    from summsvc.engines.transformers import TransformersEngine

    return TransformersEngine(spec, placement)
