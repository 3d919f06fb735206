"""The constructed students say the same text, as long as it has to be, whatever the input."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.serve import random_student
from bench.serve.wanted import OUTPUT_TOKENS
from summsvc.engines.base import DecodingOptions, ModelSpec, Placement, Task
from summsvc.engines.load import load
from summsvc.models.conversion.students.convert import convert
from tests.checkpoints import pairs, student
from tests.checkpoints.student_network import Sizes


@pytest.mark.parametrize("shortlist", [False, True])
def test_every_output_has_the_same_tokens(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, shortlist: bool
) -> None:
    monkeypatch.setitem(random_student.SIZES, "small", Sizes(1000, 1000, dim=128, ffn=256))
    random_student.write("small", tmp_path, like=student("en-ru"))
    convert(tmp_path, tmp_path / "converted")
    pair = ("en", "ru")
    spec = ModelSpec("m", Task.TRANSLATION, tmp_path / "converted", "student", (pair,))
    engine = load(spec, Placement(shortlist=shortlist))
    texts = [source for source, _ in pairs("en-ru")[::20]]
    for beams in (1, 2):
        found = engine.generate(texts, *pair, DecodingOptions(beam_size=beams))
        assert {each.output_tokens for each in found} == {OUTPUT_TOKENS}
        assert len({each.text for each in found}) == 1
    engine.close()
