"""The graphs compute what the published weights say, in Marian's arithmetic."""

from __future__ import annotations

from pathlib import Path

import pytest

from summsvc.engines.base import DecodingOptions, Generated, ModelSpec, Placement, Task
from summsvc.engines.load import load
from summsvc.engines.onnxruntime.shortlist import Shortlist
from summsvc.engines.onnxruntime.vocabulary import Vocabulary
from summsvc.models.conversion.students.convert import convert
from tests.checkpoints import split_student, student
from tests.models.conversion.students.reference import Reference

GREEDY = DecodingOptions(beam_size=1)
UNSEEN = [
    "The ferry to the island was late because of the storm.",
    "A new school opened in the north of the country on Tuesday.",
    "Nobody was hurt in the fire, the police said.",
    "Prices rose by 3.5 per cent in October.",
    "He has lived in the capital since 1975.",
    "“We shall not leave,” said the mayor.",
    "Yes.",
    "The sisters opened a small shop, a school, and a library, and closed them again.",
]
"""The model is uncertain of these, so an error of any kind changes an output."""


@pytest.mark.parametrize("checkpoint", [student, split_student])
@pytest.mark.parametrize("shortlist", [False, True])
def test_outputs_equal_the_reference(tmp_path: Path, checkpoint: object, shortlist: bool) -> None:
    folder: Path = checkpoint("en-ru")  # type: ignore[operator]
    convert(folder, tmp_path)
    spec = ModelSpec("m", Task.TRANSLATION, tmp_path, "student", (("en", "ru"),))
    engine = load(spec, Placement(shortlist=shortlist))
    reference = Reference(next(folder.glob("model.*")))
    vocabulary = Vocabulary(tmp_path / "source.spm", tmp_path / "target.spm")
    joint = checkpoint is student
    words = Shortlist(tmp_path / "shortlist.npz", vocabulary.target_size, joint=joint)
    same = 0
    for text, output in zip(UNSEEN, engine.generate(UNSEEN, "en", "ru", GREEDY), strict=True):
        (ids,) = vocabulary.encode([text])
        allowed = words.select([ids], [0])[0].nonzero()[0].tolist() if shortlist else ()
        expected = reference.greedy(ids, max(24, 2 * len(ids) + 10), allowed)
        same += _agree(output, vocabulary, expected.ids, expected.score, expected.margin)
    engine.close()
    assert same >= len(UNSEEN) - 1


def _agree(
    output: Generated, vocabulary: Vocabulary, ids: list[int], score: float, margin: float
) -> bool:
    """Whether text, score and length agree.

    They have to, unless two tokens of a step are equally likely up to rounding.
    """
    text = vocabulary.decode([word for word in ids if word]).strip()
    if (output.text, output.output_tokens) == (text, len(ids)):
        assert output.score == pytest.approx(score, abs=2e-2)
        return True
    assert margin < 0.2
    return False
