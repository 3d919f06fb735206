"""Input and output length limits of a model in tokens, shared by all engines."""

from __future__ import annotations

import sys

from summsvc.engines.declared import Declared
from summsvc.errors import TextTooLongError

DEFAULT_INPUT_TOKENS = 512
"""Input limit, in tokens, of models without a position table. T5 and mT5 were trained with this
length (Raffel et al. 2020, section 3.1.2), and there is no signal when longer inputs fail."""

NO_DECLARED_LIMIT = 1_000_000
"""A tokenizer whose ``model_max_length`` is at least this many tokens declares no limit."""

MAX_POSITIONS = 1 << 17
"""Most rows of a position table; that of LED has 16,384."""

MIN_OUTPUT_LIMIT = 24
"""Smallest computed output limit, in tokens."""


def input_limit(config: Declared, declared: int | None) -> int:
    """Longest input in tokens: the smaller of the position table and the tokenizer's limit.

    config: the checkpoint's config.json. declared: ``model_max_length`` of its tokenizer. Raises
    ModelBrokenError.
    """
    limit = declared if declared and declared < NO_DECLARED_LIMIT else None
    table = _positions(config, "encoder")
    if table is None:
        return limit or DEFAULT_INPUT_TOKENS
    return min(table, limit or table)


def output_positions(config: Declared) -> int | None:
    """Size of the decoder's position table in tokens; None without a table.

    Raises ModelBrokenError.
    """
    return _positions(config, "decoder")


def output_limit(wanted: int, longest_input: int, positions: int | None, forced: int) -> int:
    """Output limit in tokens, including the end marker, without forced first tokens.

    wanted: the requested limit; 0 for a limit that no valid output reaches: twice the longest
    input, plus a margin. positions: from ``output_positions``. forced: number of forced first
    tokens, each of which takes a position.
    """
    limit = wanted or max(MIN_OUTPUT_LIMIT, 2 * longest_input + 10)
    return max(1, limit if positions is None else min(limit, positions - forced))


def declared_limit(tokenizer: Declared) -> int | None:
    """``model_max_length`` of a tokenizer_config.json, which may be as much as 1e30."""
    return tokenizer.find_integer("model_max_length", 1, sys.maxsize**2)


def _positions(config: Declared, side: str) -> int | None:
    """Rows of the position table of "encoder" or "decoder"; LED has one for each."""
    for name in (f"max_{side}_position_embeddings", "max_position_embeddings"):
        if rows := config.find_integer(name, 1, MAX_POSITIONS):
            return rows
    return None


def validate_input_length(longest: int, most: int) -> None:
    """Raise TextTooLongError when ``longest``, in tokens, is greater than ``most``."""
    if longest > most:
        raise TextTooLongError(f"a segment has {longest} tokens; the model reads {most}")
