"""Decoding of tokens as in transformers, including tokens that the target model lacks."""

from __future__ import annotations

from typing import Any

import pytest

from summsvc.engines.base import ModelSpec, Task
from summsvc.engines.checkpoint import load_tokenizer
from summsvc.engines.tokenizer import Tokenizer
from summsvc.models.conversion.convert import convert
from tests.checkpoints import marian, pairs


@pytest.fixture(scope="module")
def pieces(tmp_path_factory: pytest.TempPathFactory) -> Tokenizer:
    folder = tmp_path_factory.mktemp("converted")
    convert(marian("en-ru"), folder, quantization="float32")
    return Tokenizer(ModelSpec("opus-en-ru", Task.TRANSLATION, folder, "marian", (("en", "ru"),)))


@pytest.fixture(scope="module")
def reference() -> Any:
    return load_tokenizer(marian("en-ru"))


def decoded(reference: Any, output: list[str]) -> str:
    numbers = reference.convert_tokens_to_ids(output)
    assert reference.unk_token_id not in numbers
    return str(reference.decode(numbers, skip_special_tokens=True))


def test_decoding_of_tokens_the_target_model_lacks(pieces: Tokenizer, reference: Any) -> None:
    """Source and target share a vocabulary, so a model may generate tokens of the source."""
    (source, target), *_ = pairs("en-ru")
    ours = pieces.encode_outputs([target], "ru")[0]
    (foreign,) = pieces.encode([source], "en", "ru")
    foreign = [piece for piece in foreign if piece != "</s>"]
    for output in (foreign, ours + foreign, foreign + ours, ours[:3] + foreign[:3] + ours[3:]):
        text = pieces.decode(output)
        assert "▁" not in text
        assert text == decoded(reference, output)
    assert pieces.decode(foreign) == source


def test_decoding_of_tokens_of_the_target_model(pieces: Tokenizer, reference: Any) -> None:
    for _, target in pairs("en-ru")[:50]:
        output = pieces.encode_outputs([target], "ru")[0]
        assert pieces.decode(output) == decoded(reference, output) == target


def test_decoding_of_a_single_space(pieces: Tokenizer, reference: Any) -> None:
    for output in (["▁"], ["▁", "▁"], []):
        assert pieces.decode(output) == decoded(reference, output) == ""
