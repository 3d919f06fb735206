"""Which engine runs a model, decided by what lies in its folder."""

from __future__ import annotations

from summsvc.engines.base import ModelSpec, Placement, Seq2SeqEngine
from summsvc.errors import ModelBrokenError


def load(spec: ModelSpec, placement: Placement, engine: str = "auto") -> Seq2SeqEngine:
    """Load a model. Blocks for seconds.

    engine: "auto", "ctranslate2" or "transformers". Raises ModelBrokenError
    when the folder is not one that the engine can read, or when a library for
    it is missing.
    """
    if engine in ("auto", "transformers") and (spec.path / "config.json").is_file():
        from summsvc.engines.transformers import TransformersEngine

        return TransformersEngine(spec, placement)
    raise ModelBrokenError(
        f"model '{spec.id}' cannot be run by the engine '{engine}': its folder is not in that "
        "engine's form",
        metadata={"model": spec.id, "engine": engine},
    )
