"""Unknown characters do not affect the rest of the text."""

from __future__ import annotations

from dataclasses import replace

import pytest

from summsvc.engines.base import Placement
from summsvc.engines.checkpoint import load_tokenizer
from summsvc.engines.tokenizer import Tokenizer
from summsvc.engines.transformers import TransformersEngine
from summsvc.models.store.store import Store
from tests.checkpoints import FAMILIES, checkpoint

TEXT = "Nobody ☃ was hurt."

CONVERTED = [name for name in FAMILIES if name != "led"]


@pytest.mark.parametrize("name", FAMILIES)
def test_unknown_character_does_not_end_the_input(name: str) -> None:
    tokenizer = load_tokenizer(checkpoint(name))
    numbers = tokenizer(TEXT)["input_ids"]
    assert numbers.count(tokenizer.eos_token_id) == 1
    assert numbers[-1] == tokenizer.eos_token_id


@pytest.mark.parametrize("name", CONVERTED)
def test_engines_encode_unknown_characters_equally(architectures: Store, name: str) -> None:
    spec = architectures.spec(name)
    source, target = spec.pairs[0]
    (pieces,) = Tokenizer(spec).encode([TEXT], source, target)
    assert pieces.count("</s>") == 1
    reference = TransformersEngine(replace(spec, path=checkpoint(name)), Placement())
    assert reference.count_tokens([TEXT], source, target) == [len(pieces)]
    reference.close()


@pytest.mark.parametrize("name", ["mt5", "bart"])
def test_byte_fallback_encodes_unknown_characters(architectures: Store, name: str) -> None:
    tokenizer = load_tokenizer(checkpoint(name))
    assert tokenizer.decode(tokenizer(TEXT)["input_ids"], skip_special_tokens=True) == TEXT
    pieces = Tokenizer(architectures.spec(name))
    (encoded,) = pieces.encode([TEXT], "en", "en")
    assert pieces.decode(encoded) == TEXT
