"""Conversion of a student model to the folder that the onnxruntime engine loads.

The weights keep the 8-bit integers of the published file.
"""

from __future__ import annotations

import shutil
from importlib import metadata
from pathlib import Path

from summsvc.engines.onnxruntime.layout import (
    DECODER_FILE,
    ENCODER_FILE,
    FULL_OUTPUT_FILE,
    OUTPUT_BIAS_FILE,
    OUTPUT_FILE,
    SHORTLIST_FILE,
    SOURCE_EMBEDDINGS_FILE,
    SOURCE_VOCABULARY_FILE,
    TARGET_EMBEDDINGS_FILE,
    TARGET_VOCABULARY_FILE,
    Layout,
    save_shortlist,
)
from summsvc.errors import ModelBrokenError
from summsvc.models.conversion.students import (
    binary,
    configuration,
    files,
    network,
    shortlist,
)
from summsvc.models.conversion.students.configuration import Configuration
from summsvc.models.conversion.students.weights import Embeddings, Weights

MAX_INPUT_TOKENS = 128
"""Longest input in tokens, the end marker included. The model file names no limit. Students are
trained with up to 200 tokens (mozilla/translations, pipeline/train/configs/training/
student.train.yml), and Firefox's engine splits longer inputs than this (max-length-break)."""


def convert(source: Path, target: Path) -> dict[str, str]:
    """Convert the published files in ``source`` into the folder ``target``.

    Returns how they were converted. Blocks for seconds. Raises InvalidFieldError when a file is
    missing, ModelBrokenError when one is damaged, ModelUnavailableError when the model has a
    part that is not supported.
    """
    found = files.find(source)
    items = binary.read_items(files.read(found.model), found.model.name)
    if configuration.ITEM not in items:
        raise ModelBrokenError(f"{found.model.name} has no item {configuration.ITEM}")
    sizes = configuration.parse(bytes(items[configuration.ITEM].data))
    weights = Weights(items, sizes)
    target.mkdir(parents=True, exist_ok=True)
    network.encoder(weights, sizes).save(target / ENCODER_FILE)
    network.decoder(weights, sizes).save(target / DECODER_FILE)
    network.output(weights, sizes).save(target / OUTPUT_FILE)
    network.full_output(weights, sizes, TARGET_EMBEDDINGS_FILE).save(target / FULL_OUTPUT_FILE)
    rows = weights.embeddings(sizes.target_embeddings, sizes.target_words)
    joint = sizes.source_embeddings == sizes.target_embeddings
    source_rows = rows
    _save(rows, target / TARGET_EMBEDDINGS_FILE)
    if not joint:
        source_rows = weights.embeddings(sizes.source_embeddings, sizes.source_words)
        _save(source_rows, target / SOURCE_EMBEDDINGS_FILE)
    if found.source_vocabulary != found.target_vocabulary:
        path = target / SOURCE_VOCABULARY_FILE
        _copy_vocabulary(found.source_vocabulary, path, sizes.source_words)
    _copy_vocabulary(found.target_vocabulary, target / TARGET_VOCABULARY_FILE, sizes.target_words)
    if found.shortlist is not None:
        words = _read_shortlist(found.shortlist, sizes)
        save_shortlist(target / SHORTLIST_FILE, words.first, words.offsets, words.words)
    bias = weights.vector("decoder_ff_logit_out_b", sizes.target_words)
    bias.tofile(target / OUTPUT_BIAS_FILE)
    Layout(
        width=sizes.width,
        decoder_layers=sizes.decoder_layers,
        source_words=sizes.source_words,
        target_words=sizes.target_words,
        source_scale=source_rows.scale,
        target_scale=rows.scale,
        joint=joint,
        max_input_tokens=MAX_INPUT_TOKENS,
    ).save(target)
    for path in source.glob("LICENSE*"):
        shutil.copyfile(path, target / path.name)
    return {
        "engine": "onnxruntime",
        "method": "graphs built from the model file",
        "quantization": "int8",
        "onnx": metadata.version("onnx"),
    }


def _save(rows: Embeddings, path: Path) -> None:
    rows.integers.tofile(path)


def _copy_vocabulary(source: Path, target: Path, words: int) -> None:
    """Unpack a SentencePiece model; raises ModelBrokenError unless it fits the model's words."""
    from sentencepiece import SentencePieceProcessor

    content = files.read(source)
    try:
        size = int(SentencePieceProcessor(model_proto=content).get_piece_size())
    except (RuntimeError, OSError) as error:
        raise ModelBrokenError(
            f"{source.name} is not a SentencePiece model", detail=str(error)
        ) from error
    if not 0 < size <= words:
        raise ModelBrokenError(f"{source.name} has {size} pieces; the model has {words} words")
    target.write_bytes(content)


def _read_shortlist(path: Path, sizes: Configuration) -> shortlist.Shortlist:
    return shortlist.parse(files.read(path), path.name, sizes.source_words, sizes.target_words)
