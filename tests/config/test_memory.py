"""Available memory by the kernel's estimate and the cgroup's limit."""

from __future__ import annotations

from pathlib import Path

import pytest

from summsvc.config import memory as module
from summsvc.config.memory import available_memory


@pytest.mark.parametrize(
    ("meminfo", "limit", "expected"),
    [
        ("MemTotal:       900 kB\nMemAvailable:   500 kB\n", "max\n", 512_000),
        ("MemAvailable:   500 kB\n", "1024\n", 1024),
        ("MemAvailable:   500 kB\n", "9223372036854771712\n", 512_000),
        ("MemTotal:       900 kB\n", "", None),
        (None, "2048\n", 2048),
        (None, None, None),
    ],
)
def test_the_least_limit_counts(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    meminfo: str | None,
    limit: str | None,
    expected: int | None,
) -> None:
    for name, text in (("MEMINFO", meminfo), ("CGROUP_V2", limit), ("CGROUP_V1", None)):
        path = tmp_path / name
        if text is not None:
            path.write_text(text)
        monkeypatch.setattr(module, name, path)
    assert available_memory() == expected
