"""Tokens of a checkpoint's tokenizer, collected from its files without loading it.

Depending on the model family, language tokens are in vocab.json (Marian), among the
SentencePiece tokens (MADLAD-400), or only in lists of special tokens (NLLB-200, M2M100,
mBART-50).
"""

from __future__ import annotations

import importlib.util
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from summsvc.errors import InvalidFieldError

# Deep nesting ends in RecursionError.
_DAMAGES = (OSError, ValueError, LookupError, TypeError, AttributeError, RecursionError)

TOKENIZER_FILES = (
    "vocab.json",
    "added_tokens.json",
    "special_tokens_map.json",
    "tokenizer_config.json",
    "tokenizer.json",
)


def load_tokens(directory: Path, architecture: str) -> set[str]:
    """All tokens named in the tokenizer's files.

    For Marian, only vocab.json counts. Raises InvalidFieldError when a file cannot be parsed.
    """
    names = TOKENIZER_FILES[:1] if architecture == "marian" else TOKENIZER_FILES
    found: set[str] = set()
    for path in (directory / name for name in names):
        if path.is_file():
            try:
                content = json.loads(path.read_text("utf-8"))
                for token in _token_names(path.name, content):
                    if not isinstance(token, str):
                        raise TypeError(f"{token!r:.80} is no token")
                    found.add(token)
            except _DAMAGES as error:
                raise InvalidFieldError(
                    f"{path} is not a tokenizer file: {error}", field="directory"
                ) from error
    if architecture != "marian":
        for path in sorted(directory.glob("*.model")):
            found |= set(_sentencepiece_names(path))
    return found


def has_built_in_token(directory: Path, token: str) -> bool:
    """Whether the tokenizer's class defines a token that none of its files names.

    The classes of M2M100 and mBART-50 define their language tokens. False where transformers
    is not installed or cannot load the tokenizer.
    """
    if importlib.util.find_spec("transformers") is None:
        return False
    from summsvc.engines.checkpoint import load_tokenizer

    try:
        tokenizer = load_tokenizer(directory)
    except Exception:
        return False
    return tokenizer.convert_tokens_to_ids(token) not in (None, tokenizer.unk_token_id)


def similar_tokens(token: str, known: set[str]) -> list[str]:
    """Known tokens of the same form: ``<2en>`` for ``<2ru>``, ``eng_Latn`` for ``rus_Cyrl``."""
    form = re.sub(r"[a-z]+", "[a-z]+", re.escape(token), flags=re.IGNORECASE)
    return sorted(each for each in known if re.fullmatch(form, each, re.IGNORECASE))


def _token_names(name: str, content: Any) -> Iterator[str]:
    if name in ("vocab.json", "added_tokens.json"):
        yield from content
    elif name == "tokenizer.json":
        yield from (each["content"] for each in content.get("added_tokens", ()))
        # A mapping by token in BPE, a list of tokens with scores in Unigram.
        vocabulary = content["model"]["vocab"]
        yield from (each if isinstance(each, str) else each[0] for each in vocabulary)
    else:
        listed = list(content.get("added_tokens_decoder", {}).values())
        for key in ("additional_special_tokens", "extra_special_tokens"):
            listed += content.get(key) or ()
        yield from (each if isinstance(each, str) else each["content"] for each in listed)


def _sentencepiece_names(path: Path) -> Iterator[str]:
    from sentencepiece import SentencePieceProcessor

    try:
        model = SentencePieceProcessor(model_file=str(path))
    except (OSError, RuntimeError) as error:
        raise InvalidFieldError(
            f"{path} is not a SentencePiece model: {error}", field="directory"
        ) from error
    return (model.id_to_piece(number) for number in range(model.get_piece_size()))
