"""Decoding of tokens as in transformers, including tokens that the target model lacks."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from summsvc.engines.base import ModelSpec, Task
from summsvc.engines.checkpoint import load_tokenizer
from summsvc.engines.tokenizer import Splitter, Tokenizer, _FastTokenizerSplitter
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


def fast_splitter(folder: Path) -> Splitter:
    """A splitter of a tokenizer.json."""
    from tokenizers import ByteLevelBPETokenizer

    trained = ByteLevelBPETokenizer()
    trained.train_from_iterator([source for source, _ in pairs("en-ru")], vocab_size=400)
    trained.save(str(folder / "tokenizer.json"))
    return _FastTokenizerSplitter(folder / "tokenizer.json")


@pytest.mark.parametrize("kind", ["sentencepiece", "tokenizer.json"])
def test_threads_share_a_tokenizer(pieces: Tokenizer, tmp_path: Path, kind: str) -> None:
    splitter = pieces._splitter if kind == "sentencepiece" else fast_splitter(tmp_path)
    texts = [source for source, _ in pairs("en-ru")]
    groups = [texts[at : at + size] for size in (1, 3, 40) for at in range(0, 120, size)]
    alone = [splitter.split(group) for group in groups]
    joined = [[splitter.join(each) for each in group] for group in alone]

    def both(group: list[str]) -> tuple[list[list[str]], list[str]]:
        split = splitter.split(group)
        return split, [splitter.join(each) for each in split]

    with ThreadPoolExecutor(8) as threads:
        found = list(threads.map(both, groups * 4))
    assert found == [*zip(alone, joined, strict=True)] * 4
