"""The number of processes by cores, sizes of models and memory."""

from __future__ import annotations

from pathlib import Path

import pytest

from summsvc.config import Settings
from summsvc.server.supervisor import sizing
from summsvc.server.supervisor.sizing import suggest, suggested_processes

MB = 1_000_000
LARGE = 64_000 * MB


@pytest.mark.parametrize(
    ("cores", "sizes", "memory", "expected"),
    [
        (1, [], LARGE, 1),
        (16, [], LARGE, 16),
        (2, [1 * MB], LARGE, 2),
        # Students: a process for several cores.
        (16, [24 * MB, 24 * MB], LARGE, 2),
        (16, [14 * MB], LARGE, 5),
        # OPUS-MT's size: one process, also beside smaller models no more than those need.
        (16, [80 * MB], LARGE, 1),
        (64, [80 * MB], LARGE, 3),
        (64, [80 * MB, 24 * MB], LARGE, 10),
        # Half of the memory is not exceeded.
        (16, [], 1_200 * MB, 2),
        (16, [1 * MB, 2_000 * MB], LARGE, 9),
        (16, [1 * MB], 100 * MB, 1),
        (4, [1 * MB], None, 4),
    ],
)
def test_suggestions(cores: int, sizes: list[int], memory: int | None, expected: int) -> None:
    assert suggest(cores, sizes, memory, 64 * MB) == expected


def test_installed_models_that_are_loaded_at_start_count(
    tmp_path: Path, model_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sizing, "cores", lambda: 8)
    monkeypatch.setattr(sizing, "available_memory", lambda: LARGE)
    monkeypatch.setattr(sizing, "GPU_DEVICE", tmp_path / "none")
    monkeypatch.setattr(sizing, "BYTES_PER_CORE", 1)
    counts = [
        suggested_processes(Settings(model_dir=model_dir, preload=preload))
        for preload in (["all"], ["opus-en-ru"], [])
    ]
    assert counts == [1, 1, 8]


def test_a_gpu_has_one_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sizing, "cores", lambda: 8)
    monkeypatch.setattr(sizing, "available_memory", lambda: None)
    monkeypatch.setattr(sizing, "GPU_DEVICE", tmp_path)
    found = [
        suggested_processes(Settings(model_dir=tmp_path, device=device))
        for device in ("auto", "cuda", "cpu")
    ]
    assert found == [1, 1, 8]
