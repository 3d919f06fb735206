"""Number of cores by CPU affinity and cgroup quota."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from summsvc.config import cores as module
from summsvc.config.cores import cores, share


@pytest.fixture
def cgroup(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(module, "CGROUP_V2", tmp_path / "cpu.max")
    monkeypatch.setattr(module, "CGROUP_V1", tmp_path)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(8)), raising=False)
    return tmp_path


@pytest.mark.parametrize(
    ("quota", "expected"),
    [
        ("max 100000\n", 8),
        ("200000 100000\n", 2),
        ("150000 100000\n", 2),
        ("140000 100000\n", 1),
        ("10000 100000\n", 1),
        ("1600000 100000\n", 8),
        ("", 8),
    ],
)
def test_quota_of_cgroup_v2(cgroup: Path, quota: str, expected: int) -> None:
    (cgroup / "cpu.max").write_text(quota)
    assert cores() == expected


@pytest.mark.parametrize(("quota", "expected"), [("-1", 8), ("300000", 3)])
def test_quota_of_cgroup_v1(cgroup: Path, quota: str, expected: int) -> None:
    (cgroup / "cpu.cfs_quota_us").write_text(quota + "\n")
    (cgroup / "cpu.cfs_period_us").write_text("100000\n")
    assert cores() == expected


@pytest.mark.usefixtures("cgroup")
def test_without_cgroups_the_affinity_applies() -> None:
    assert cores() == 8


@pytest.mark.parametrize(
    ("available", "processes", "expected"), [(8, 1, 8), (8, 2, 4), (8, 3, 3), (2, 4, 1)]
)
def test_share_of_one_process(available: int, processes: int, expected: int) -> None:
    assert share(available, processes) == expected
