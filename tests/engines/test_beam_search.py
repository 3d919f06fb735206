"""Beam search returns complete outputs even when many hypotheses end early.

The checkpoints assign nearly all probability to one output, so that the other beams end
after a few tokens: "… will rise by" without the number that follows.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from summsvc.engines.base import DecodingOptions, Placement
from summsvc.engines.load import load
from summsvc.models.store.store import Store
from tests.checkpoints import checkpoint, known

BATCH = 32


@pytest.mark.parametrize("engine", ["ctranslate2", "transformers"])
@pytest.mark.parametrize("name", ["mbart50", "madlad"])
def test_outputs_are_complete(architectures: Store, name: str, engine: str) -> None:
    spec = architectures.spec(name)
    if engine == "transformers":
        spec = replace(spec, path=checkpoint(name))
    running = load(spec, Placement(), engine)
    pairs = known(name, "ru")
    found: list[str] = []
    for begin in range(0, len(pairs), BATCH):
        texts = [source for source, _ in pairs[begin : begin + BATCH]]
        outputs = running.generate(texts, "en", "ru", DecodingOptions(beam_size=4))
        found += [output.text for output in outputs]
    running.close()
    assert found == [target for _, target in pairs]
