"""How long inputs and outputs of a model may be, the same for every engine."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from summsvc.errors import TextTooLongError

RELATIVE = 512
"""Tokens read by models without a table of positions: T5 and mT5 were trained on so many
(Raffel et al. 2020, section 3.1.2), and nothing tells when they fail on more."""

UNDECLARED = 1_000_000
"""A tokenizer that declares this many tokens or more has declared no limit."""

SMALLEST_OUTPUT = 24


def input_limit(config: Mapping[str, Any], declared: int | None) -> int:
    """Longest input in tokens: the smaller of the position table and the tokenizer's limit.

    config: the checkpoint's config.json. declared: ``model_max_length`` of its tokenizer.
    """
    told = declared if declared and declared < UNDECLARED else None
    table = _positions(config, "encoder")
    if table is None:
        return told or RELATIVE
    return min(table, told or table)


def output_positions(config: Mapping[str, Any]) -> int | None:
    """Most tokens the decoder's position table allows; None where there is no table."""
    return _positions(config, "decoder")


def output_limit(wanted: int, longest_input: int, positions: int | None, forced: int) -> int:
    """Most tokens to make, end marker included, forced first tokens not.

    wanted: what the caller asks for; 0 for room for any honest output, twice
    the input and some. positions: as from ``output_positions``. forced: first
    tokens that take a position each.
    """
    limit = wanted or max(SMALLEST_OUTPUT, 2 * longest_input + 10)
    return max(1, limit if positions is None else min(limit, positions - forced))


def _positions(config: Mapping[str, Any], side: str) -> int | None:
    """Rows of the position table of "encoder" or "decoder"; LED has one of each length."""
    for name in (f"max_{side}_position_embeddings", "max_position_embeddings"):
        if config.get(name):
            return int(config[name])
    return None


def check_input(longest: int, most: int) -> None:
    """Raise TextTooLongError when the longest segment of a batch, in tokens, is over the most."""
    if longest > most:
        raise TextTooLongError(f"a segment has {longest} tokens; the model reads {most}")
