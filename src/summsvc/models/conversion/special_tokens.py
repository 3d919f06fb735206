"""Special tokens of converted BART and T5 checkpoints: around inputs, and of the decoder."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from summsvc.engines.declared import Declared
from summsvc.engines.limits import input_limit, output_positions
from summsvc.engines.tokenizer import TOKENIZER_FILE, TokenFraming
from summsvc.errors import ModelBrokenError
from summsvc.models.conversion.hub_tokenizer import HubTokenizer


def row_names(name_of: Callable[[int], str | None], rows: int) -> list[str]:
    """Distinct names of the rows of an embedding, which may have more than the vocabulary."""
    names: dict[str, None] = {}
    for row in range(rows):
        name = name_of(row)
        names[f"<unused {row}>" if name is None or name in names else name] = None
    return list(names)


def describe(
    spec: Any, tokenizer: HubTokenizer, source: Path, config: Declared, *, bos: str
) -> None:
    """Set the vocabulary and the special tokens of a CTranslate2 specification.

    bos: the role of the token that CTranslate2 takes as the begin marker. Raises ModelBrokenError.
    """
    vocabulary = row_names(tokenizer.backend.id_to_token, spec.decoder.embeddings.weight.shape[0])
    spec.register_source_vocabulary(vocabulary)
    spec.register_target_vocabulary(vocabulary)
    spec.config.bos_token = tokenizer.tokens[bos]
    spec.config.eos_token = tokenizer.tokens["eos"]
    spec.config.unk_token = tokenizer.tokens["unk"]
    start = _decoder_start(tokenizer, source, config)
    if start is not None:
        spec.config.decoder_start_token = start


def _decoder_start(tokenizer: HubTokenizer, source: Path, config: Declared) -> str | None:
    """The decoder's first input."""
    return _generation_token(tokenizer, source, config, "decoder_start_token_id")


def framing(
    tokenizer: HubTokenizer,
    source: Path,
    config: Declared,
    *,
    before: tuple[str, ...],
    after: tuple[str, ...],
) -> TokenFraming:
    """The token framing of a checkpoint. before, after: special tokens around an input.

    Raises ModelBrokenError.
    """
    forced = _generation_token(tokenizer, source, config, "forced_bos_token_id")
    if forced is None and config.find_flag("force_bos_token_to_be_generated"):
        # The name of the setting before forced_bos_token_id.
        forced = _token(tokenizer, config, "bos_token_id")
    return TokenFraming(
        before=before,
        after=after,
        first=() if forced is None else (forced,),
        start=_decoder_start(tokenizer, source, config) or "",
        end=tokenizer.tokens["eos"],
        special=tokenizer.special,
        split=(TOKENIZER_FILE,),
        max_input_tokens=input_limit(config, tokenizer.limit),
        positions=output_positions(config),
    )


def _generation_token(
    tokenizer: HubTokenizer, source: Path, config: Declared, key: str
) -> str | None:
    own = Declared.load(source / "generation_config.json", optional=True)
    return _token(tokenizer, own.over(config), key)


def _token(tokenizer: HubTokenizer, declared: Declared, key: str) -> str | None:
    """The token whose id a file declares."""
    number = declared.find_integer(key)
    if number is None:
        return None
    token: str | None = tokenizer.backend.id_to_token(number)
    if token is None:
        raise ModelBrokenError(f"{key} is {number}, which is no token of the vocabulary")
    return token
