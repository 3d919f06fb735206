"""Descriptions of all families of published checkpoints: the hub's settings at small sizes.

The module contains only data. A checkpoint is rebuilt when its own description changes, not
when another's does.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Family:
    """Description of a checkpoint to train.

    like: the catalog model whose layout it has, or "" when the catalog has none. layout: name
    of a function in ``layouts``. config, generation: the content of config.json and
    generation_config.json (None: the repository has none); vocab_size and token ids that
    depend on the vocabulary are filled in. spare: embedding rows beyond the tokenizer's
    vocabulary. weights: the file of the weights. tokens: the model's token by language. told:
    how the model receives its languages, as in ``LanguageTokens``. summary_languages:
    languages of a summarizer.
    """

    name: str
    like: str
    layout: str
    config: Mapping[str, Any]
    generation: Mapping[str, Any] | None = None
    spare: int = 0
    weights: str = "model.safetensors"
    told: str = "none"
    tokens: Mapping[str, str] = field(default_factory=dict)
    summary_languages: tuple[str, ...] = ()
    learning_rate: float = 3e-3
    epochs: int = 120


_BART_LIKE = {
    "d_model": 96,
    "encoder_layers": 2,
    "decoder_layers": 2,
    "encoder_attention_heads": 4,
    "decoder_attention_heads": 4,
    "encoder_ffn_dim": 256,
    "decoder_ffn_dim": 256,
    "dropout": 0.0,
    "attention_dropout": 0.0,
    "activation_dropout": 0.0,
    "encoder_layerdrop": 0.0,
    "decoder_layerdrop": 0.0,
    "is_encoder_decoder": True,
    "use_cache": True,
}
_FAIRSEQ = {"bos_token_id": 0, "pad_token_id": 1, "eos_token_id": 2, "decoder_start_token_id": 2}
_T5_LIKE = {
    "d_model": 96,
    "d_kv": 24,
    "d_ff": 192,
    "num_layers": 2,
    "num_decoder_layers": 2,
    "num_heads": 4,
    "dropout_rate": 0.0,
    "feed_forward_proj": "gated-gelu",
    "tie_word_embeddings": False,
    "relative_attention_num_buckets": 32,
    "layer_norm_epsilon": 1e-06,
    "is_encoder_decoder": True,
}
_CNN = {
    "early_stopping": True,
    "forced_bos_token_id": 0,
    "forced_eos_token_id": 2,
    "length_penalty": 2.0,
    "max_length": 142,
    "min_length": 56,
    "no_repeat_ngram_size": 3,
    "num_beams": 4,
}

FAMILIES = {
    family.name: family
    for family in (
        Family(
            name="nllb",
            like="nllb-600m",
            layout="nllb",
            config={
                **_BART_LIKE,
                **_FAIRSEQ,
                "model_type": "m2m_100",
                "architectures": ["M2M100ForConditionalGeneration"],
                "tokenizer_class": "NllbTokenizer",
                "activation_function": "relu",
                "max_position_embeddings": 1024,
                "scale_embedding": True,
                "max_length": 200,
            },
            generation={**_FAIRSEQ, "max_length": 200},
            spare=2,
            weights="pytorch_model.bin",
            told="source-and-target",
            tokens={"en": "eng_Latn", "ru": "rus_Cyrl", "lt": "lit_Latn"},
        ),
        Family(
            name="m2m100",
            like="m2m100-418m",
            layout="m2m100",
            config={
                **_BART_LIKE,
                **_FAIRSEQ,
                "model_type": "m2m_100",
                "architectures": ["M2M100ForConditionalGeneration"],
                "activation_function": "relu",
                "max_position_embeddings": 1024,
                "scale_embedding": True,
                "early_stopping": True,
                "max_length": 200,
                "num_beams": 5,
            },
            generation={**_FAIRSEQ, "early_stopping": True, "max_length": 200, "num_beams": 5},
            spare=8,
            weights="pytorch_model.bin",
            told="source-and-target",
            tokens={"en": "__en__", "ru": "__ru__", "lt": "__lt__"},
        ),
        Family(
            name="mbart50",
            like="",
            layout="mbart50",
            config={
                **_BART_LIKE,
                **_FAIRSEQ,
                "model_type": "mbart",
                "architectures": ["MBartForConditionalGeneration"],
                "tokenizer_class": "MBart50Tokenizer",
                "activation_function": "gelu",
                "max_position_embeddings": 1024,
                "scale_embedding": True,
                "add_final_layer_norm": True,
                "add_bias_logits": False,
                "normalize_before": True,
                "normalize_embedding": True,
                "static_position_embeddings": False,
                "forced_eos_token_id": 2,
                "early_stopping": True,
                "max_length": 200,
                "num_beams": 5,
            },
            generation={
                **_FAIRSEQ,
                "early_stopping": True,
                "forced_eos_token_id": 2,
                "max_length": 200,
                "num_beams": 5,
            },
            told="source-and-target",
            tokens={"en": "en_XX", "ru": "ru_RU", "lt": "lt_LT"},
        ),
        Family(
            name="madlad",
            like="madlad-3b",
            layout="madlad",
            config={
                **_T5_LIKE,
                "model_type": "t5",
                "architectures": ["T5ForConditionalGeneration"],
                "tokenizer_class": "T5Tokenizer",
                "pad_token_id": 1,
                "eos_token_id": 2,
                "decoder_start_token_id": 0,
            },
            generation={"pad_token_id": 1, "eos_token_id": 2, "decoder_start_token_id": 0},
            told="target-prefix",
            tokens={"ru": "<2ru>", "lt": "<2lt>"},
        ),
        Family(
            name="marian-zle",
            like="opus-en-ru",
            layout="marian",
            config={
                **_BART_LIKE,
                "model_type": "marian",
                "architectures": ["MarianMTModel"],
                "activation_function": "relu",
                "max_position_embeddings": 1024,
                "scale_embedding": True,
                "normalize_embedding": False,
                "static_position_embeddings": True,
                "share_encoder_decoder_embeddings": True,
                "tie_word_embeddings": True,
                "eos_token_id": 0,
                "bos_token_id": 0,
                "forced_eos_token_id": 0,
                "max_length": 512,
                "num_beams": 4,
            },
            generation={
                "bos_token_id": 0,
                "eos_token_id": 0,
                "forced_eos_token_id": 0,
                "max_length": 512,
                "num_beams": 4,
            },
            told="target-prefix",
            tokens={"ru": ">>rus<<", "lt": ">>lit<<"},
        ),
        Family(
            name="bart",
            like="bart-large-cnn",
            layout="bart",
            config={
                **_BART_LIKE,
                **_FAIRSEQ,
                **_CNN,
                "model_type": "bart",
                "architectures": ["BartForConditionalGeneration"],
                "activation_function": "gelu",
                "max_position_embeddings": 1024,
                "scale_embedding": False,
                "normalize_before": False,
                "normalize_embedding": True,
                "add_final_layer_norm": False,
            },
            generation={**_FAIRSEQ, **_CNN},
            # As published: the embedding has no row for <mask>.
            spare=-1,
            summary_languages=("en",),
        ),
        Family(
            name="pegasus",
            like="pegasus-cnn",
            layout="pegasus",
            config={
                **_BART_LIKE,
                "model_type": "pegasus",
                "architectures": ["PegasusForConditionalGeneration"],
                "activation_function": "relu",
                "max_position_embeddings": 1024,
                "scale_embedding": True,
                "normalize_before": True,
                "normalize_embedding": False,
                "add_final_layer_norm": True,
                "static_position_embeddings": True,
                "bos_token_id": 0,
                "pad_token_id": 0,
                "eos_token_id": 1,
                "decoder_start_token_id": 0,
                "forced_eos_token_id": 1,
                "length_penalty": 0.8,
                "max_length": 128,
                "min_length": 32,
                "num_beams": 8,
            },
            weights="pytorch_model.bin",
            summary_languages=("en",),
        ),
        Family(
            name="t5",
            like="t5-lt-news",
            layout="t5",
            # The original T5: outputs from the scaled embedding, no gated activations.
            config={
                **_T5_LIKE,
                "model_type": "t5",
                "architectures": ["T5ForConditionalGeneration"],
                "feed_forward_proj": "relu",
                "tie_word_embeddings": True,
                "pad_token_id": 0,
                "eos_token_id": 1,
                "decoder_start_token_id": 0,
            },
            # As published: rows up to a multiple of 128.
            spare=28,
            weights="pytorch_model.bin",
            summary_languages=("lt",),
        ),
        Family(
            name="mt5",
            like="mt5-xlsum",
            layout="mt5",
            config={
                **_T5_LIKE,
                "model_type": "mt5",
                "architectures": ["MT5ForConditionalGeneration"],
                "tokenizer_class": "T5Tokenizer",
                "pad_token_id": 0,
                "eos_token_id": 1,
                "decoder_start_token_id": 0,
                "length_penalty": 0.6,
                "max_length": 84,
                "no_repeat_ngram_size": 2,
                "num_beams": 4,
            },
            weights="pytorch_model.bin",
            summary_languages=("en", "ru"),
        ),
        Family(
            name="led",
            like="",
            layout="led",
            config={
                **_BART_LIKE,
                **_FAIRSEQ,
                "model_type": "led",
                "architectures": ["LEDForConditionalGeneration"],
                "activation_function": "gelu",
                "attention_window": [32, 32],
                "max_encoder_position_embeddings": 2048,
                "max_decoder_position_embeddings": 256,
                "num_beams": 4,
            },
            weights="pytorch_model.bin",
            summary_languages=("en",),
        ),
    )
}
