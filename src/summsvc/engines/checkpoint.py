"""Loading of hub-layout checkpoints with transformers, and the special tokens of their decoders."""

from __future__ import annotations

import json
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any

LOAD_LOCK = threading.Lock()
"""Held while transformers imports or loads a model. It imports submodules on first use and changes
torch's default device while loading, so concurrent loads in two threads would fail."""


@dataclass(frozen=True, slots=True)
class SearchTokens:
    """Ids of the decoder's special tokens.

    start: the decoder's first input. ends: end markers. forced: the first token of every
    output of this checkpoint, or None.
    """

    start: int | None
    ends: frozenset[int]
    forced: int | None


def load_pretrained(model_class: Any, path: Path, **options: Any) -> Any:
    """Load a checkpoint without executing its code or unpickling anything but tensors.

    model_class: a class of transformers. options: further arguments of its
    ``from_pretrained``. Loads are serialized within the process. Raises ValueError when a tensor is
    missing, and the errors of transformers.
    """
    with LOAD_LOCK:
        model, found = model_class.from_pretrained(
            path,
            local_files_only=True,
            trust_remote_code=False,
            weights_only=True,
            output_loading_info=True,
            **options,
        )
    # transformers initializes missing tensors with random values and does not raise.
    if missing := sorted(found["missing_keys"]):
        raise ValueError(f"the checkpoint has no tensor {missing[0]}")
    return model


def load_model(path: Path, dtype: str, device: str) -> Any:
    """Load a model for inference. dtype: "float32", "bfloat16" or "float16".

    Raises the errors of ``load_pretrained``.
    """
    import torch
    from transformers import AutoModelForSeq2SeqLM

    model = load_pretrained(AutoModelForSeq2SeqLM, path, dtype=getattr(torch, dtype))
    return model.to(device).eval()


def load_tokenizer(path: Path) -> Any:
    """Load the checkpoint's tokenizer, which must not be shared between threads."""
    from transformers import AutoTokenizer, T5Tokenizer

    tokenizer = AutoTokenizer.from_pretrained(path, local_files_only=True, trust_remote_code=False)
    if isinstance(tokenizer, T5Tokenizer):
        _fix_t5_tokenizer(tokenizer)
    return tokenizer


def _fix_t5_tokenizer(tokenizer: Any) -> None:
    """Restore a T5 tokenizer's unknown token and byte fallback as the checkpoint defines them.

    transformers 5 uses the third token as the unknown token. In MADLAD-400 that is the end
    marker, so the text after an unknown character would be lost. transformers 5 also disables
    byte fallback, with which mT5 encodes characters outside its vocabulary.
    """
    from tokenizers import decoders, models

    backend = tokenizer.backend_tokenizer
    model = json.loads(backend.to_str())["model"]
    pieces = [(piece, score) for piece, score in model["vocab"]]
    spells = "<0x00>" in dict(pieces)
    if (model["unk_id"], model["byte_fallback"]) != (tokenizer.unk_token_id, spells):
        backend.model = models.Unigram(pieces, tokenizer.unk_token_id, spells)
    if spells:
        backend.decoder = decoders.Sequence([decoders.ByteFallback(), backend.decoder])


def tokenizer_language(tokenizer: Any, token: str) -> str:
    """The tokenizer's name for a language token; M2M100's name of ``__ru__`` is "ru"."""
    names: dict[str, str] = getattr(tokenizer, "lang_code_to_token", {})
    return next((name for name, known in names.items() if known == token), token)


def reset_generation_config(model: Any, tokenizer: Any) -> SearchTokens:
    """Replace the model's generation config by its special tokens alone; return these tokens.

    ``DecodingOptions`` is the only source of search parameters. Otherwise the checkpoint's
    minimum length or blocked n-grams would also apply, and an end marker forced at the limit
    would make truncated output appear complete.
    """
    from transformers import GenerationConfig

    given, config = model.generation_config, model.config
    numbers: dict[str, Any] = {}
    for name in ("bos_token_id", "eos_token_id", "pad_token_id", "decoder_start_token_id"):
        own = getattr(given, name, None)
        numbers[name] = getattr(config, name, None) if own is None else own
    forced = getattr(given, "forced_bos_token_id", None)
    # The unknown token carries no text; Marian's own decoder never generates it either.
    # Marian's <pad> exists only in transformers and is not in the model's vocabulary.
    unwanted = [tokenizer.unk_token_id]
    if config.model_type == "marian":
        unwanted.append(numbers["pad_token_id"])
    model.generation_config = GenerationConfig(
        **numbers, suppress_tokens=[number for number in unwanted if number is not None]
    )
    ends = numbers["eos_token_id"]
    return SearchTokens(
        start=numbers["decoder_start_token_id"],
        ends=frozenset(ends if isinstance(ends, list) else [ends]),
        forced=forced,
    )
