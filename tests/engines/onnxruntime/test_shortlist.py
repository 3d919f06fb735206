"""The lexical shortlist of a student model: which words a segment may use."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from summsvc.engines.base import DecodingOptions, Placement
from summsvc.engines.onnxruntime.engine import OnnxRuntimeEngine
from summsvc.engines.onnxruntime.layout import save_shortlist
from summsvc.engines.onnxruntime.shortlist import Shortlist
from tests.engines.onnxruntime.conftest import open_engine
from tests.engines.onnxruntime.test_engine import UNSEEN

GREEDY = DecodingOptions(beam_size=1)

OFFSETS = np.array([0, 2, 2, 5], np.uint64)
WORDS = np.array([3, 90, 0, 1, 40], np.uint32)


def shortlist(folder: Path, first: int, *, joint: bool) -> Shortlist:
    save_shortlist(folder / "shortlist.npz", first, OFFSETS, WORDS)
    return Shortlist(folder / "shortlist.npz", 100, joint=joint)


def chosen(allowed: np.ndarray[tuple[int, ...], np.dtype[np.bool_]]) -> list[list[int]]:
    return [row.nonzero()[0].tolist() for row in allowed]


def test_frequent_words_and_those_of_the_source(tmp_path: Path) -> None:
    words = shortlist(tmp_path, 8, joint=False)
    assert chosen(words.select([[1, 1]], [])) == [[*range(8)]]
    # Filled to a multiple of 8 with the next frequent words.
    assert chosen(words.select([[0]], [])) == [[*range(15), 90]]
    assert chosen(words.select([[2, 0]], [])) == [[*range(14), 40, 90]]


def test_each_input_has_its_own_words(tmp_path: Path) -> None:
    words = shortlist(tmp_path, 8, joint=False)
    both = chosen(words.select([[0], [1]], []))
    assert both == [*chosen(words.select([[0]], [])), *chosen(words.select([[1]], []))]


def test_a_joint_vocabulary_allows_the_source_words(tmp_path: Path) -> None:
    allowed = shortlist(tmp_path, 2, joint=True).select([[2]], [])
    assert {0, 1, 2, 40} <= set(chosen(allowed)[0])


def test_terms_are_always_allowed(tmp_path: Path) -> None:
    allowed = shortlist(tmp_path, 8, joint=False).select([[1], [0]], [77, 78])
    assert all({77, 78} <= set(row) for row in chosen(allowed))


def test_terms_extend_the_words_of_an_output(
    short: OnnxRuntimeEngine, engine: OnnxRuntimeEngine
) -> None:
    """Where the whole vocabulary gives another output, its words as terms give that output."""
    changed = 0
    for text in UNSEEN:
        (free,) = engine.generate([text], "en", "ru", GREEDY)
        (limited,) = short.generate([text], "en", "ru", GREEDY)
        options = DecodingOptions(beam_size=1, output_terms=(free.text,))
        (output,) = short.generate([text], "en", "ru", options)
        assert output.text == free.text
        assert output.score >= free.score
        changed += limited.text != free.text
    assert changed


@pytest.mark.parametrize("beam_size", [1, 3])
def test_a_shortlist_of_all_words_equals_none(
    converted: Path, tmp_path: Path, engine: OnnxRuntimeEngine, beam_size: int
) -> None:
    for path in converted.iterdir():
        (tmp_path / path.name).symlink_to(path)
    (tmp_path / "shortlist.npz").unlink()
    size = engine._vocabulary.get().target_size
    offsets, none = np.zeros(size + 1, np.uint64), np.zeros(0, np.uint32)
    save_shortlist(tmp_path / "shortlist.npz", size, offsets, none)
    whole = open_engine(tmp_path, Placement())
    texts = ["Nobody was hurt in the fire.", "Prices rose by 3 per cent."]
    options = DecodingOptions(beam_size=beam_size)
    found = whole.generate(texts, "en", "ru", options)
    whole.close()
    expected = engine.generate(texts, "en", "ru", options)
    # Without VNNI instructions, sums in int8 of rows of another length are rounded differently.
    assert [each.score for each in found] == pytest.approx(
        [each.score for each in expected], rel=0.01
    )
    assert [replace(each, score=0.0) for each in found] == [
        replace(each, score=0.0) for each in expected
    ]
