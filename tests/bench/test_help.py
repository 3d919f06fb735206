"""Every benchmark that scripts/bench tells of says how it is used."""

from __future__ import annotations

import re
import runpy
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def names() -> list[str]:
    said = subprocess.run([ROOT / "scripts" / "bench"], capture_output=True, text=True, check=True)
    return re.findall(r"^  (\w+) +\S", said.stdout, re.M)


@pytest.mark.parametrize("name", names())
def test_a_benchmark_shows_its_help(
    name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", [name, "--help"])
    monkeypatch.delitem(sys.modules, f"bench.{name}.__main__", raising=False)
    monkeypatch.delitem(sys.modules, f"bench.{name}", raising=False)
    with pytest.raises(SystemExit) as left:
        runpy.run_module(f"bench.{name}", run_name="__main__")
    assert left.value.code == 0
    assert capsys.readouterr().out.startswith("usage: ")
