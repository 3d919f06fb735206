"""Tokenizers of BART and T5 checkpoints, built from their files without transformers.

They tokenize as those of transformers 5 do: models/roberta/tokenization_roberta.py and
models/t5/tokenization_t5.py in https://github.com/huggingface/transformers.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from summsvc.engines.declared import Declared
from summsvc.engines.limits import declared_limit
from summsvc.engines.tokenizer import TOKENIZER_FILE, WORD_BOUNDARY, TokenFraming
from summsvc.errors import ModelBrokenError

SENTENCEPIECE_FILE = "spiece.model"

_ROLES = ("bos", "eos", "unk", "sep", "pad", "cls", "mask")
_BART_TOKENS = {
    "bos": "<s>",
    "eos": "</s>",
    "unk": "<unk>",
    "sep": "</s>",
    "pad": "<pad>",
    "cls": "<s>",
    "mask": "<mask>",
}
_T5_TOKENS = {"eos": "</s>", "unk": "<unk>", "pad": "<pad>"}
MAX_SENTINELS = 10_000
"""Most sentinels of a T5 tokenizer."""

_T5_SENTINELS = 100
"""Sentinels of a T5 tokenizer that declares no number of them, as in transformers."""


@dataclass(frozen=True, slots=True)
class HubTokenizer:
    """A tokenizer and what its files declare.

    backend: of the library ``tokenizers``. tokens: the special tokens by role ("eos"). special:
    all special tokens. limit: the declared input limit in tokens, or None.
    """

    backend: Any
    tokens: Mapping[str, str]
    special: tuple[str, ...]
    limit: int | None

    def save(self, target: Path, framing: TokenFraming) -> None:
        """Write the files that ``Tokenizer`` loads."""
        framing.save(target)
        self.backend.save(str(target / TOKENIZER_FILE))


def load_bart(source: Path) -> HubTokenizer:
    """The byte-level BPE tokenizer of a BART checkpoint.

    Its files are vocab.json and merges.txt, or tokenizer.json. Raises ModelBrokenError.
    """
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers

    declared = _declared(source)
    files = [source / name for name in ("vocab.json", "merges.txt")]
    try:
        if all(path.is_file() for path in files):
            # Empty affixes, as transformers sets.
            model = models.BPE.from_file(
                *map(str, files), continuing_subword_prefix="", end_of_word_suffix=""
            )
        else:
            model = Tokenizer.from_file(str(source / TOKENIZER_FILE)).model
    except Exception as error:  # the library raises Exception itself
        raise ModelBrokenError("the tokenizer cannot be loaded", detail=str(error)) from error
    if not isinstance(model, models.BPE):
        raise ModelBrokenError(f"{TOKENIZER_FILE} has no byte-level BPE model, which BART needs")
    backend = Tokenizer(model)
    backend.pre_tokenizer = pre_tokenizers.ByteLevel(
        add_prefix_space=bool(declared.find_flag("add_prefix_space"))
    )
    backend.decoder = decoders.ByteLevel()
    return _with_special_tokens(backend, declared, _BART_TOKENS, ())


def load_t5(source: Path) -> HubTokenizer:
    """The unigram tokenizer of a T5 checkpoint, from tokenizer.json or spiece.model.

    Raises ModelBrokenError.
    """
    from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers

    declared = _declared(source)
    found = declared.find_integer("extra_ids", 0, MAX_SENTINELS)
    sentinels = _T5_SENTINELS if found is None else found
    path = source / TOKENIZER_FILE
    try:
        read = _read_unigram(path) if path.is_file() else _read_sentencepiece(source, sentinels)
        vocabulary, normalization, added = read
        unknown = [piece for piece, _ in vocabulary].index(_role(declared, "unk", "<unk>"))
        # Pieces of bytes spell the characters that the vocabulary lacks.
        bytewise = "<0x00>" in dict(vocabulary)
        backend = Tokenizer(models.Unigram(vocabulary, unknown, bytewise))
        if normalization:
            backend.normalizer = normalizers.Precompiled(normalization)
    except Exception as error:  # the library raises Exception itself
        raise ModelBrokenError("the tokenizer cannot be loaded", detail=str(error)) from error
    words: Any = pre_tokenizers.Metaspace(replacement=WORD_BOUNDARY, prepend_scheme="always")
    backend.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.WhitespaceSplit(), words])
    joining: Any = decoders.Metaspace(replacement=WORD_BOUNDARY, prepend_scheme="always")
    backend.decoder = decoders.Sequence([decoders.ByteFallback(), joining]) if bytewise else joining
    backend.add_tokens(added)
    listed = list(declared.tokens("additional_special_tokens"))
    if not any("<extra_id_" in token for token in listed):
        listed += [f"<extra_id_{number}>" for number in range(sentinels)]
    return _with_special_tokens(backend, declared, _T5_TOKENS, tuple(listed))


def _read_unigram(path: Path) -> tuple[list[tuple[str, float]], bytes, list[Any]]:
    """Vocabulary, normalization and added tokens of a tokenizer.json."""
    from tokenizers import AddedToken

    content = json.loads(path.read_text("utf-8"))
    vocabulary = [(str(piece), float(score)) for piece, score in content["model"]["vocab"]]
    normalizer = content.get("normalizer") or {}
    parts = normalizer.get("normalizers", [normalizer])
    maps = [part["precompiled_charsmap"] for part in parts if "precompiled_charsmap" in part]
    added = [
        AddedToken(each["content"], normalized=False)
        for each in content.get("added_tokens", ())
        if not each["special"]
    ]
    return vocabulary, base64.b64decode(maps[0]) if maps else b"", added


def _read_sentencepiece(
    source: Path, sentinels: int
) -> tuple[list[tuple[str, float]], bytes, list[Any]]:
    """The same of a SentencePiece model, to whose vocabulary T5 appends its sentinels."""
    from sentencepiece import sentencepiece_model_pb2
    from tokenizers import AddedToken

    proto: Any = sentencepiece_model_pb2.ModelProto()  # type: ignore[attr-defined]
    proto.ParseFromString((source / SENTENCEPIECE_FILE).read_bytes())
    vocabulary = [(piece.piece, piece.score) for piece in proto.pieces]
    vocabulary += [(f"<extra_id_{number}>", 0.0) for number in reversed(range(sentinels))]
    user_defined = proto.SentencePiece.USER_DEFINED
    added = [
        AddedToken(piece.piece, normalized=False)
        for piece in proto.pieces
        if piece.type == user_defined
    ]
    return vocabulary, proto.normalizer_spec.precompiled_charsmap, added


def _with_special_tokens(
    backend: Any, declared: Declared, defaults: Mapping[str, str], more: tuple[str, ...]
) -> HubTokenizer:
    named = {role: _role(declared, role, defaults.get(role, "")) for role in _ROLES}
    tokens = {role: token for role, token in named.items() if token}
    special = tuple(dict.fromkeys((*tokens.values(), *more)))
    backend.add_special_tokens(list(special))
    return HubTokenizer(backend, tokens, special, declared_limit(declared))


def _declared(source: Path) -> Declared:
    """The declarations of a checkpoint's tokenizer; files that are absent declare nothing."""
    tokens = Declared.load(source / "special_tokens_map.json", optional=True)
    return Declared.load(source / "tokenizer_config.json", optional=True).over(tokens)


def _role(declared: Declared, role: str, default: str) -> str:
    """The special token of a role."""
    return declared.find_token(f"{role}_token") or default
