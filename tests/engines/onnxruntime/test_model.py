"""The network of a student model in memory: groups of similar length, position signals."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from summsvc.engines.onnxruntime import model
from summsvc.engines.onnxruntime.engine import OnnxRuntimeEngine
from tests.engines.onnxruntime.test_engine import TEXTS, UNSEEN


@given(st.lists(st.integers(1, 128), min_size=1, max_size=64))
def test_groups_have_each_row_once_and_little_padding(lengths: list[int]) -> None:
    groups = model._group_by_length(np.array(lengths))
    assert sorted(np.concatenate(groups)) == list(range(len(lengths)))
    for group in groups:
        sizes = [lengths[row] for row in group]
        padding = len(sizes) * max(sizes) - sum(sizes)
        assert padding <= 0.1 * len(sizes) * max(sizes) + model.MIN_GROUP_TOKENS


def test_memory_of_groups_equals_that_of_one_batch(
    engine: OnnxRuntimeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    network = engine._network.get()
    sources = engine._vocabulary.get().encode([*TEXTS[:12], *UNSEEN])
    assert len(model._group_by_length(np.array([len(each) for each in sources]))) > 2
    mask, memory = network.encode(sources)
    monkeypatch.setattr(model, "MIN_LENGTH_SHARE", 0)
    expected_mask, expected = network.encode(sources)
    assert (mask == expected_mask).all()
    for row, source in enumerate(sources):
        for i, (values, others) in enumerate(zip(memory, expected, strict=True)):
            axis = model.VALUES_AXIS if i % 2 else model.KEYS_AXIS
            part = values.take(range(len(source)), axis)[row]
            assert part == pytest.approx(others.take(range(len(source)), axis)[row], abs=1e-4)


def test_signals_beyond_those_computed_in_advance(engine: OnnxRuntimeEngine) -> None:
    network = engine._network.get()
    last = network._signal(model.POSITIONS - 1, model.POSITIONS)
    following = network._signal(model.POSITIONS, model.POSITIONS + 1)
    assert last.shape == following.shape == (1, network.layout.width)
    assert following[0, 0] == pytest.approx(np.sin(model.POSITIONS), abs=1e-4)
    assert network._signal(0, 1)[0].tolist() == [0] * (network.layout.width // 2) + [1] * (
        network.layout.width // 2
    )
