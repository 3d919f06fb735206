"""Which tokens a checkpoint's tokenizer has, read in its files alone.

Language tokens stand in different files by family: in vocab.json (Marian),
among the pieces (MADLAD-400), or only in lists of special tokens (NLLB-200,
M2M100, mBART-50).
"""

from __future__ import annotations

import importlib.util
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from summsvc.errors import InvalidFieldError

FILES = (
    "vocab.json",
    "added_tokens.json",
    "special_tokens_map.json",
    "tokenizer_config.json",
    "tokenizer.json",
)


def tokens(directory: Path, architecture: str) -> set[str]:
    """Every token that the tokenizer's files name.

    Marian's tokenizer goes by vocab.json alone. Raises InvalidFieldError when a
    file cannot be read.
    """
    names = FILES[:1] if architecture == "marian" else FILES
    found: set[str] = set()
    for path in (directory / name for name in names):
        if path.is_file():
            try:
                found |= set(_named(path.name, json.loads(path.read_text("utf-8"))))
            except (OSError, ValueError, LookupError, TypeError, AttributeError) as error:
                raise InvalidFieldError(
                    f"{path} is not a tokenizer's file: {error}", field="directory"
                ) from error
    if architecture != "marian":
        for path in sorted(directory.glob("*.model")):
            found |= set(_pieces(path))
    return found


def made(directory: Path, token: str) -> bool:
    """Whether the tokenizer's class has a token that none of its files names.

    Those of M2M100 and mBART-50 know their languages by themselves.
    False where transformers is not installed or cannot load the tokenizer.
    """
    if importlib.util.find_spec("transformers") is None:
        return False
    from summsvc.engines.checkpoint import load_tokenizer

    try:
        tokenizer = load_tokenizer(directory)
    except Exception:
        return False
    return tokenizer.convert_tokens_to_ids(token) not in (None, tokenizer.unk_token_id)


def alike(token: str, known: set[str]) -> list[str]:
    """Known tokens of a token's form: ``<2en>`` for ``<2ru>``, ``eng_Latn`` for ``rus_Cyrl``."""
    form = re.sub(r"[a-z]+", "[a-z]+", re.escape(token), flags=re.IGNORECASE)
    return sorted(each for each in known if re.fullmatch(form, each, re.IGNORECASE))


def _named(name: str, content: Any) -> Iterator[str]:
    if name in ("vocab.json", "added_tokens.json"):
        yield from content
    elif name == "tokenizer.json":
        yield from (each["content"] for each in content.get("added_tokens", ()))
        # By name in BPE, pieces with their scores in Unigram.
        vocabulary = content["model"]["vocab"]
        yield from (each if isinstance(each, str) else each[0] for each in vocabulary)
    else:
        listed = list(content.get("added_tokens_decoder", {}).values())
        for key in ("additional_special_tokens", "extra_special_tokens"):
            listed += content.get(key) or ()
        yield from (each if isinstance(each, str) else each["content"] for each in listed)


def _pieces(path: Path) -> Iterator[str]:
    from sentencepiece import SentencePieceProcessor

    try:
        model = SentencePieceProcessor(model_file=str(path))
    except (OSError, RuntimeError) as error:
        raise InvalidFieldError(
            f"{path} is not a SentencePiece model: {error}", field="directory"
        ) from error
    return (model.id_to_piece(number) for number in range(model.get_piece_size()))
