"""Writers of small tokenizer files in the layout of each model family at the hub.

A layout writes its files into a folder. The order of special tokens, the fairseq offset
and the ids of <pad> and </s> are those of the family.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

PIECES = 700

Facts = dict[str, Any]

_FAIRSEQ = {
    "bos_token": "<s>",
    "eos_token": "</s>",
    "sep_token": "</s>",
    "cls_token": "<s>",
    "unk_token": "<unk>",
    "pad_token": "<pad>",
}
_MASK = {
    "content": "<mask>",
    "lstrip": True,
    "normalized": True,
    "rstrip": False,
    "single_word": False,
}
_T5 = {"eos_token": "</s>", "unk_token": "<unk>", "pad_token": "<pad>"}


def nllb(folder: Path, texts: Sequence[str]) -> None:
    """sentencepiece.bpe.model, and a tokenizer.json derived from it."""
    from transformers.models.nllb.tokenization_nllb import FAIRSEQ_LANGUAGE_CODES, NllbTokenizer

    _sentencepiece(folder / "sentencepiece.bpe.model", texts, model_type="bpe")
    special = {"additional_special_tokens": FAIRSEQ_LANGUAGE_CODES, **_FAIRSEQ}
    _json(folder / "special_tokens_map.json", {**special, "mask_token": _MASK})
    config: Facts = {**_FAIRSEQ, "mask_token": {"__type": "AddedToken", **_MASK}}
    config |= {"model_max_length": 1024}
    config |= {"src_lang": None, "tgt_lang": None, "sp_model_kwargs": {}}
    _json(folder / "tokenizer_config.json", {**config, "tokenizer_class": "NllbTokenizer"})
    tokenizer = NllbTokenizer.from_pretrained(folder)
    tokenizer._tokenizer.save(str(folder / "tokenizer.json"))


def m2m100(folder: Path, texts: Sequence[str]) -> None:
    """sentencepiece.bpe.model and vocab.json; language tokens follow the vocabulary."""
    from transformers.models.m2m_100.tokenization_m2m_100 import FAIRSEQ_LANGUAGE_CODES

    pieces = _sentencepiece(folder / "sentencepiece.bpe.model", texts, model_type="bpe")
    ordered = ["<s>", "<pad>", "</s>", "<unk>", *pieces[3:]]
    _json(folder / "vocab.json", {piece: i for i, piece in enumerate(ordered)})
    languages = [f"__{code}__" for code in FAIRSEQ_LANGUAGE_CODES["m2m100"]]
    special = {key: value for key, value in _FAIRSEQ.items() if key != "cls_token"}
    special_map: Facts = {**special, "additional_special_tokens": languages}
    _json(folder / "special_tokens_map.json", special_map)
    config: Facts = {**special_map, "language_codes": "m2m100", "num_madeup_words": 8}
    config |= {"src_lang": None, "tgt_lang": None, "model_max_length": 1024}
    _json(folder / "tokenizer_config.json", {**config, "tokenizer_class": "M2M100Tokenizer"})


def mbart50(folder: Path, texts: Sequence[str]) -> None:
    """sentencepiece.bpe.model only, a unigram model despite its name."""
    from transformers.models.mbart50.tokenization_mbart50 import FAIRSEQ_LANGUAGE_CODES

    _sentencepiece(folder / "sentencepiece.bpe.model", texts, model_type="unigram")
    mask = {**_MASK, "normalized": False}
    special = {**_FAIRSEQ, "mask_token": "<mask>"}
    languages = {"additional_special_tokens": FAIRSEQ_LANGUAGE_CODES}
    _json(folder / "special_tokens_map.json", {**special, **languages})
    config: Facts = {**_FAIRSEQ, "mask_token": mask, "src_lang": None, "tgt_lang": None}
    config |= {**languages, "model_max_length": 1024}
    _json(folder / "tokenizer_config.json", {**config, "tokenizer_class": "MBart50Tokenizer"})


def madlad(folder: Path, texts: Sequence[str]) -> None:
    """spiece.model with <unk> first and <2xx> tokens, and a tokenizer.json derived from it."""
    from transformers.convert_slow_tokenizer import T5Converter

    model = folder / "spiece.model"
    languages = [f"<2{code}>" for code in ("en", "ru", "lt", "lv", "pl", "de")]
    pieces = _sentencepiece(model, texts, user_defined_symbols=languages)
    special = {"bos_token": "<s>", "eos_token": "</s>", "unk_token": "<unk>", "pad_token": "<s>"}
    _json(folder / "special_tokens_map.json", special)
    config: Facts = {**special, "additional_special_tokens": [], "extra_ids": 0, "legacy": True}
    config |= {"model_max_length": int(1e30), "sp_model_kwargs": {}}
    _json(folder / "tokenizer_config.json", {**config, "tokenizer_class": "T5Tokenizer"})
    slow: Any = SimpleNamespace(
        vocab_file=str(model), _extra_ids=0, convert_tokens_to_ids=pieces.index
    )
    T5Converter(slow).converted().save(str(folder / "tokenizer.json"))


def mt5(folder: Path, texts: Sequence[str]) -> None:
    """spiece.model only, with byte tokens."""
    _sentencepiece(
        folder / "spiece.model",
        texts,
        pad_id=0,
        eos_id=1,
        unk_id=2,
        bos_id=-1,
        byte_fallback=True,
        vocab_size=PIECES + 256,
    )
    _json(folder / "special_tokens_map.json", _T5)
    config: Facts = {
        **_T5,
        "extra_ids": 0,
        "additional_special_tokens": None,
        "sp_model_kwargs": {},
    }
    _json(folder / "tokenizer_config.json", {**config, "tokenizer_class": "T5Tokenizer"})


def t5(folder: Path, texts: Sequence[str]) -> None:
    """spiece.model only; a hundred sentinels follow its tokens."""
    _sentencepiece(folder / "spiece.model", texts, pad_id=0, eos_id=1, unk_id=2, bos_id=-1)
    special: Facts = {**_T5, "additional_special_tokens": [f"<extra_id_{i}>" for i in range(100)]}
    _json(folder / "special_tokens_map.json", special)
    config: Facts = {**special, "extra_ids": 100, "model_max_length": 512}
    _json(folder / "tokenizer_config.json", {**config, "tokenizer_class": "T5Tokenizer"})


def pegasus(folder: Path, texts: Sequence[str]) -> None:
    """spiece.model only; 103 special tokens precede its tokens."""
    _sentencepiece(folder / "spiece.model", texts, pad_id=0, eos_id=1, unk_id=2, bos_id=-1)
    special = {**_T5, "mask_token": "<mask_2>"}
    unknown = ["<mask_1>", *(f"<unk_{i}>" for i in range(2, 103))]
    special_map: Facts = {**special, "additional_special_tokens": unknown}
    _json(folder / "special_tokens_map.json", special_map)
    config: Facts = {**special_map, "mask_token_sent": "<mask_1>", "offset": 103}
    config |= {"model_max_length": 1024, "tokenizer_class": "PegasusTokenizer"}
    _json(folder / "tokenizer_config.json", config)


def bart(folder: Path, texts: Sequence[str]) -> None:
    """vocab.json, merges.txt and tokenizer.json, no tokenizer_config.json."""
    from transformers import RobertaTokenizer

    _byte_level(folder, texts)
    RobertaTokenizer.from_pretrained(folder)._tokenizer.save(str(folder / "tokenizer.json"))


def led(folder: Path, texts: Sequence[str]) -> None:
    """vocab.json and merges.txt, no tokenizer.json."""
    _byte_level(folder, texts)
    special = {**_FAIRSEQ, "mask_token": {**_MASK, "normalized": False}}
    _json(folder / "special_tokens_map.json", special)
    config: Facts = {**special, "add_prefix_space": False, "model_max_length": 16384}
    _json(folder / "tokenizer_config.json", {**config, "tokenizer_class": "LEDTokenizer"})


def marian(folder: Path, texts: Sequence[str]) -> None:
    """source.spm, target.spm, and a vocab.json with the target language tokens."""
    pieces = _sentencepiece(folder / "source.spm", texts)
    shutil.copyfile(folder / "source.spm", folder / "target.spm")
    ordered = ["</s>", "<unk>", ">>bel<<", ">>lit<<", ">>rus<<", ">>ukr<<", *pieces[3:], "<pad>"]
    _json(folder / "vocab.json", {piece: i for i, piece in enumerate(ordered)})
    special = {"eos_token": "</s>", "unk_token": "<unk>", "pad_token": "<pad>"}
    _json(folder / "special_tokens_map.json", special)
    config: Facts = {**special, "source_lang": "en", "target_lang": "zle", "separate_vocabs": False}
    config |= {"model_max_length": 512, "sp_model_kwargs": {}}
    _json(folder / "tokenizer_config.json", {**config, "tokenizer_class": "MarianTokenizer"})


def _sentencepiece(path: Path, texts: Sequence[str], **options: Any) -> list[str]:
    """Train a model into ``path`` and return its tokens in the order of their ids."""
    import sentencepiece

    with tempfile.TemporaryDirectory() as scratch:
        prefix = Path(scratch) / "trained"
        sentencepiece.SentencePieceTrainer.train(
            sentence_iterator=iter(texts),
            model_prefix=str(prefix),
            hard_vocab_limit=False,
            character_coverage=1.0,
            minloglevel=2,
            num_threads=1,
            **{"vocab_size": PIECES, "model_type": "unigram", **options},
        )
        shutil.move(f"{prefix}.model", path)
    processor = sentencepiece.SentencePieceProcessor(model_file=str(path))
    return [processor.id_to_piece(i) for i in range(processor.get_piece_size())]


def _byte_level(folder: Path, texts: Sequence[str]) -> None:
    from tokenizers import ByteLevelBPETokenizer

    tokenizer = ByteLevelBPETokenizer()
    first = ["<s>", "<pad>", "</s>", "<unk>"]
    tokenizer.train_from_iterator(
        texts, vocab_size=PIECES, special_tokens=first, show_progress=False
    )
    tokenizer.save_model(str(folder))
    vocabulary = json.loads((folder / "vocab.json").read_text("utf-8"))
    _json(folder / "vocab.json", {**vocabulary, "<mask>": len(vocabulary)})


def _json(path: Path, content: Any) -> None:
    path.write_text(json.dumps(content, ensure_ascii=False, indent=2), "utf-8")
