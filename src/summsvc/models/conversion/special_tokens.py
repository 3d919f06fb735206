"""Special tokens of converted BART and T5 checkpoints: around inputs, and of the decoder."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from summsvc.engines.limits import input_limit, output_positions
from summsvc.engines.tokenizer import TOKENIZER_FILE, TokenFraming
from summsvc.models.conversion.hub_tokenizer import HubTokenizer, read_json


def row_names(name_of: Callable[[int], str | None], rows: int) -> list[str]:
    """Distinct names of the rows of an embedding, which may have more than the vocabulary."""
    names: dict[str, None] = {}
    for row in range(rows):
        name = name_of(row)
        names[f"<unused {row}>" if name is None or name in names else name] = None
    return list(names)


def describe(
    spec: Any, tokenizer: HubTokenizer, source: Path, config: Mapping[str, Any], *, bos: str
) -> None:
    """Set the vocabulary and the special tokens of a CTranslate2 specification.

    bos: the role of the token that CTranslate2 takes as the begin marker.
    """
    vocabulary = row_names(tokenizer.backend.id_to_token, spec.decoder.embeddings.weight.shape[0])
    spec.register_source_vocabulary(vocabulary)
    spec.register_target_vocabulary(vocabulary)
    spec.config.bos_token = tokenizer.tokens[bos]
    spec.config.eos_token = tokenizer.tokens["eos"]
    spec.config.unk_token = tokenizer.tokens["unk"]
    start = _decoder_start(source, config)
    if start is not None:
        spec.config.decoder_start_token = tokenizer.backend.id_to_token(start)


def _decoder_start(source: Path, config: Mapping[str, Any]) -> int | None:
    """Id of the decoder's first input."""
    return _generation_token(source, config, "decoder_start_token_id")


def framing(
    tokenizer: HubTokenizer,
    source: Path,
    config: Mapping[str, Any],
    *,
    before: tuple[str, ...],
    after: tuple[str, ...],
) -> TokenFraming:
    """The token framing of a checkpoint. before, after: special tokens around an input."""
    forced = _generation_token(source, config, "forced_bos_token_id")
    if forced is None and config.get("force_bos_token_to_be_generated"):
        # The name of the setting before forced_bos_token_id.
        forced = config.get("bos_token_id")
    start = _decoder_start(source, config)
    name_of = tokenizer.backend.id_to_token
    return TokenFraming(
        before=before,
        after=after,
        first=() if forced is None else (name_of(forced),),
        start="" if start is None else name_of(start),
        end=tokenizer.tokens["eos"],
        special=tokenizer.special,
        split=(TOKENIZER_FILE,),
        max_input_tokens=input_limit(config, tokenizer.limit),
        positions=output_positions(config),
    )


def _generation_token(source: Path, config: Mapping[str, Any], name: str) -> int | None:
    own = read_json(source / "generation_config.json").get(name)
    number = config.get(name) if own is None else own
    return None if number is None else int(number)
