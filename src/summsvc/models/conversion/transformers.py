"""Checkpoints through the converter of CTranslate2, which needs torch and transformers.

Where its idea of a checkpoint and transformers' have parted, the reference is
followed: see ``_corrected``.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from summsvc.engines.checkpoint import from_folder, load_tokenizer
from summsvc.engines.limits import input_limit, output_positions
from summsvc.engines.tokenizer import SOURCE, TOKENIZER, TokenFraming
from summsvc.errors import ModelBrokenError, ModelUnavailableError

NEEDS_TORCH = (
    "converting {} models needs torch; install it with: pip install 'summsvc[torch]', or install "
    "the model on a machine that has it and copy its folder of the store here"
)

SPM = "sentencepiece.bpe.model"

_NORMS = {"bart": (False, True), "mbart": (True, True), "pegasus": (True, False)}
"""(normalize_before, normalize_embedding) where config.json does not say: newer
versions of transformers know them by the architecture alone."""


def read(source: Path, config: Mapping[str, Any]) -> Any:
    """CTranslate2's description of the checkpoint in ``source``, filled.

    config: its config.json. Raises ModelUnavailableError without torch,
    ModelBrokenError when the checkpoint cannot be loaded or is not finite.
    """
    try:
        import torch
        import transformers
        from ctranslate2.converters import TransformersConverter
    except ImportError as error:
        raise ModelUnavailableError(NEEDS_TORCH.format(config.get("model_type"))) from error
    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()

    class Converter(TransformersConverter):  # type: ignore[misc]
        """Loads from the folder alone, tensors only; refuses what is not whole."""

        def load_model(self, model_class: Any, path: str, **options: Any) -> Any:
            model = from_folder(model_class, Path(path), **options)
            for name, tensor in model.state_dict().items():
                if not torch.isfinite(tensor).all():
                    raise ValueError(f"tensor {name} has values that are not finite")
            before, embedding = _NORMS.get(model.config.model_type, (True, False))
            for name, value in (("normalize_before", before), ("normalize_embedding", embedding)):
                if not hasattr(model.config, name):
                    setattr(model.config, name, value)
            self.start = _start(model)
            return model

        def load_tokenizer(self, _: Any, path: str, **__: Any) -> Any:
            self.tokenizer = load_tokenizer(Path(path))
            return self.tokenizer

    converter = Converter(str(source))
    try:
        description = converter._load()
    except Exception as error:
        raise ModelBrokenError(f"{source.name} cannot be converted: {error}") from error
    if config.get("model_type") != "marian":
        _corrected(description, config, converter.tokenizer, converter.start)
    return description


def _start(model: Any) -> int | None:
    own = model.generation_config.decoder_start_token_id
    number = model.config.decoder_start_token_id if own is None else own
    return None if number is None else int(number)


def _corrected(
    description: Any, config: Mapping[str, Any], tokenizer: Any, start: int | None
) -> None:
    """Follow transformers where the library's converter does not.

    Pieces are named by their rows, since a name it makes up for a spare row may
    be another row's. The decoder starts as the checkpoint says. Outputs of T5 1.1
    and mT5 are not scaled: the converter goes by ``tie_word_embeddings``, which
    transformers 5 sets for every T5. Greedy search would not notice; scores and
    beam search would.
    """
    from ctranslate2.specs.model_spec import OPTIONAL

    rows = description.decoder.embeddings.weight.shape[0]
    names: dict[str, None] = {}
    for row in range(rows):
        name = tokenizer.convert_ids_to_tokens(row)
        names[f"<unused {row}>" if name is None or name in names else name] = None
    description._vocabularies = {"source": [list(names)], "target": [list(names)]}
    if start is not None:
        description.config.decoder_start_token = tokenizer.convert_ids_to_tokens(start)
    untied = config.get("tie_word_embeddings") is False
    if config["model_type"] == "mt5" or (config["model_type"] == "t5" and untied):
        description.decoder.scale_outputs = OPTIONAL


def write_tokenizer(source: Path, target: Path, config: Mapping[str, Any]) -> None:
    """Write what ``Tokenizer`` reads beside the converted model, as the reference has it."""
    tokenizer = load_tokenizer(source)
    convention(tokenizer, source, config).write(target)
    if tokenizer.is_fast:
        tokenizer.backend_tokenizer.save(str(target / TOKENIZER))
    else:
        shutil.copyfile(source / SPM, target / SPM)


def convention(tokenizer: Any, source: Path, config: Mapping[str, Any]) -> TokenFraming:
    """How a checkpoint frames texts, asked of its own tokenizer.

    An empty text shows what stands around every input. Where the source
    language's token is among it, it is replaced by SOURCE.
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
        return config.get(name) if own is None else own

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
        before=tuple(SOURCE if piece == token else piece for piece in before),
        after=tuple(SOURCE if piece == token else piece for piece in after),
        default_source=token,
        first=pieces(number("forced_bos_token_id")),
        start="".join(pieces(number("decoder_start_token_id"))),
        end=str(tokenizer.eos_token),
        special=tuple(map(str, tokenizer.all_special_tokens)),
        split=(TOKENIZER,) if tokenizer.is_fast else (SPM, SPM),
        max_input_tokens=input_limit(config, int(tokenizer.model_max_length)),
        positions=output_positions(config),
    )
