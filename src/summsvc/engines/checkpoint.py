"""Checkpoints of the hub's layout as torch models, and the tokens that frame their outputs."""

from __future__ import annotations

import json
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any

# transformers imports its parts on first use and switches torch's default device while
# it loads: models loaded by two threads at once would break each other.
LOADING = threading.Lock()


@dataclass(frozen=True, slots=True)
class SearchTokens:
    """Token numbers. start: the decoder's first input. ends: each ends an output.

    forced: what every output of this checkpoint begins with, or None.
    """

    start: int | None
    ends: frozenset[int]
    forced: int | None


def from_folder(model_class: Any, path: Path, **options: Any) -> Any:
    """Load a checkpoint: no code of it is executed, and nothing but tensors unpickled.

    model_class: of transformers. options: more of its ``from_pretrained``. One at
    a time in a process. Raises ValueError when a tensor is missing, and what
    transformers raises.
    """
    with LOADING:
        model, found = model_class.from_pretrained(
            path,
            local_files_only=True,
            trust_remote_code=False,
            weights_only=True,
            output_loading_info=True,
            **options,
        )
    # The library fills a missing tensor with random numbers and goes on.
    if missing := sorted(found["missing_keys"]):
        raise ValueError(f"the checkpoint has no tensor {missing[0]}")
    return model


def load_model(path: Path, dtype: str, device: str) -> Any:
    """A model to run. dtype: "float32", "bfloat16" or "float16". Raises as ``from_folder``."""
    import torch
    from transformers import AutoModelForSeq2SeqLM

    model = from_folder(AutoModelForSeq2SeqLM, path, dtype=getattr(torch, dtype))
    return model.to(device).eval()


def load_tokenizer(path: Path) -> Any:
    """The checkpoint's tokenizer; not to be shared between threads."""
    from transformers import AutoTokenizer, T5Tokenizer

    tokenizer = AutoTokenizer.from_pretrained(path, local_files_only=True, trust_remote_code=False)
    if isinstance(tokenizer, T5Tokenizer):
        _mend(tokenizer)
    return tokenizer


def _mend(tokenizer: Any) -> None:
    """Give a T5 tokenizer its checkpoint's own unknown piece, and its pieces for bytes.

    transformers 5 takes the third piece for the unknown one, which in MADLAD-400
    is the end marker: the text after an unknown character would be lost. And it
    never falls back to bytes, by which mT5 spells what it has no pieces for.
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


def language_name(tokenizer: Any, token: str) -> str:
    """What a tokenizer calls the language of a token; M2M100's says "ru" for ``__ru__``."""
    names: dict[str, str] = getattr(tokenizer, "lang_code_to_token", {})
    return next((name for name, known in names.items() if known == token), token)


def take_search_tokens(model: Any, tokenizer: Any) -> SearchTokens:
    """Read the token numbers of generation_config.json and take everything else out of it.

    How to search is said by ``DecodingOptions`` alone. Left in place, a
    checkpoint's minimum length or blocked n-grams would apply beside them, and
    an end marker forced at the limit would make cut output look complete.
    """
    from transformers import GenerationConfig

    given, config = model.generation_config, model.config
    numbers: dict[str, Any] = {}
    for name in ("bos_token_id", "eos_token_id", "pad_token_id", "decoder_start_token_id"):
        own = getattr(given, name, None)
        numbers[name] = getattr(config, name, None) if own is None else own
    forced = getattr(given, "forced_bos_token_id", None)
    # An unknown piece says nothing; Marian's own decoder never gives one either. Its
    # <pad> is made for the library alone and no piece of the model's vocabulary.
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
