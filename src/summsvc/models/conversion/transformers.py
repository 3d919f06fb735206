"""Conversion of checkpoints with CTranslate2's converter, which needs torch and transformers.

Where that converter deviates from transformers, the result is corrected: see
``_correct_spec``.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from summsvc.engines.checkpoint import load_pretrained, load_tokenizer
from summsvc.engines.declared import Declared
from summsvc.engines.limits import input_limit, output_positions
from summsvc.engines.tokenizer import SOURCE_TOKEN, TOKENIZER_FILE, TokenFraming
from summsvc.errors import ModelBrokenError, ModelUnavailableError
from summsvc.models.conversion.special_tokens import row_names

METHOD = "ctranslate2.converters"
"""``method`` of a conversion in the manifest."""

NEEDS_TORCH = (
    "{} needs torch; install it with: pip install 'summsvc[torch]', or convert the model on a "
    "machine with torch and copy its folder of the store to this machine"
)

SENTENCEPIECE_FILE = "sentencepiece.bpe.model"

_NORMALIZATION = {"bart": (False, True), "mbart": (True, True), "pegasus": (True, False)}
"""(normalize_before, normalize_embedding) for checkpoints whose config.json lacks them: newer
versions of transformers derive them from the architecture."""


def load_spec(source: Path, config: Declared) -> Any:
    """The CTranslate2 specification of the checkpoint in ``source``.

    config: its config.json. Raises ModelUnavailableError without torch, ModelBrokenError when
    the checkpoint cannot be loaded or is not finite.
    """
    try:
        import torch
        import transformers
        from ctranslate2.converters import TransformersConverter
    except ImportError as error:
        raise ModelUnavailableError(NEEDS_TORCH.format("this conversion")) from error
    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()

    class Converter(TransformersConverter):  # type: ignore[misc]
        """Loads only tensors, only from the folder; rejects incomplete checkpoints."""

        def load_model(self, model_class: Any, path: str, **options: Any) -> Any:
            model = load_pretrained(model_class, Path(path), **options)
            for name, tensor in model.state_dict().items():
                if not torch.isfinite(tensor).all():
                    raise ValueError(f"tensor {name} has values that are not finite")
            before, embedding = _NORMALIZATION.get(model.config.model_type, (True, False))
            for name, value in (("normalize_before", before), ("normalize_embedding", embedding)):
                if not hasattr(model.config, name):
                    setattr(model.config, name, value)
            self.start = _decoder_start(model)
            return model

        def load_tokenizer(self, _: Any, path: str, **__: Any) -> Any:
            self.tokenizer = load_tokenizer(Path(path))
            return self.tokenizer

    converter = Converter(str(source))
    try:
        description = converter._load()
    except Exception as error:
        raise ModelBrokenError(f"{source.name} cannot be converted: {error}") from error
    if config.text("model_type") != "marian":
        _correct_spec(description, config, converter.tokenizer, converter.start)
    return description


def _decoder_start(model: Any) -> int | None:
    own = model.generation_config.decoder_start_token_id
    number = model.config.decoder_start_token_id if own is None else own
    return None if number is None else int(number)


def _correct_spec(description: Any, config: Declared, tokenizer: Any, start: int | None) -> None:
    """Follow transformers where CTranslate2's converter deviates from it.

    Tokens are named by their rows, since a name that the converter invents for a spare row may
    be the name of another row. The decoder starts as the checkpoint specifies. Outputs of
    T5 1.1 and mT5 are not scaled: the converter relies on ``tie_word_embeddings``, which
    transformers 5 sets for every T5. This does not change greedy search, but it changes
    scores and beam search.
    """
    from ctranslate2.specs.model_spec import OPTIONAL

    rows = description.decoder.embeddings.weight.shape[0]
    names = row_names(tokenizer.convert_ids_to_tokens, rows)
    description._vocabularies = {"source": [names], "target": [names]}
    if start is not None:
        description.config.decoder_start_token = tokenizer.convert_ids_to_tokens(start)
    untied = config.find_flag("tie_word_embeddings") is False
    architecture = config.text("model_type")
    if architecture == "mt5" or (architecture == "t5" and untied):
        description.decoder.scale_outputs = OPTIONAL


def write_tokenizer(source: Path, target: Path, config: Declared) -> None:
    """Write the files that ``Tokenizer`` loads beside the converted model.

    Raises ModelBrokenError.
    """
    try:
        tokenizer = load_tokenizer(source)
        framing = token_framing(tokenizer, source, config)
    except ModelBrokenError:
        raise
    # Of wrong values in its files, transformers raises errors of all kinds.
    except Exception as error:
        raise ModelBrokenError(
            f"the tokenizer of {source.name} cannot be loaded", detail=str(error)
        ) from error
    framing.save(target)
    if tokenizer.is_fast:
        tokenizer.backend_tokenizer.save(str(target / TOKENIZER_FILE))
    else:
        shutil.copyfile(source / SENTENCEPIECE_FILE, target / SENTENCEPIECE_FILE)


def token_framing(tokenizer: Any, source: Path, config: Declared) -> TokenFraming:
    """A checkpoint's token framing, obtained from its own tokenizer.

    Tokenizing a word shows the special tokens around every input. The source language's
    token, where present, is replaced by SOURCE_TOKEN.
    """
    from transformers import AutoConfig, GenerationConfig

    try:
        given: Any = GenerationConfig.from_pretrained(source, local_files_only=True)
    except OSError:
        settings = AutoConfig.from_pretrained(
            source, local_files_only=True, trust_remote_code=False
        )
        given = GenerationConfig.from_model_config(settings)

    def number(name: str) -> int | None:
        own = getattr(given, name, None)
        return config.find_integer(name) if own is None else own

    def pieces(*numbers: int | None) -> tuple[str, ...]:
        known = [each for each in numbers if each is not None]
        return tuple(tokenizer.convert_ids_to_tokens(known))

    word = tokenizer("a", add_special_tokens=False)["input_ids"]
    framed = tokenizer("a")["input_ids"]
    at = next(i for i in range(len(framed)) if framed[i : i + len(word)] == word)
    before, after = pieces(*framed[:at]), pieces(*framed[at + len(word) :])
    language = getattr(tokenizer, "src_lang", None) or ""
    token = getattr(tokenizer, "lang_code_to_token", {}).get(language, language)
    return TokenFraming(
        before=tuple(SOURCE_TOKEN if piece == token else piece for piece in before),
        after=tuple(SOURCE_TOKEN if piece == token else piece for piece in after),
        default_source=token,
        first=pieces(number("forced_bos_token_id")),
        start="".join(pieces(number("decoder_start_token_id"))),
        end=str(tokenizer.eos_token),
        special=tuple(map(str, tokenizer.all_special_tokens)),
        split=(TOKENIZER_FILE,) if tokenizer.is_fast else (SENTENCEPIECE_FILE, SENTENCEPIECE_FILE),
        max_input_tokens=input_limit(config, int(tokenizer.model_max_length)),
        positions=output_positions(config),
    )
