"""Every benchmark listed by scripts/bench prints its usage."""

from __future__ import annotations

import re
import runpy
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
BENCH = ROOT / "scripts" / "bench"
PACKAGES = ("bench", "bench.speed", "bench.quality")


def names() -> list[str]:
    listed = subprocess.run([BENCH], capture_output=True, text=True, check=True)
    return re.findall(r"^  (\w+) +\S", listed.stdout, re.M)


def module(name: str) -> str:
    """The module of a benchmark with this short name; there is exactly one."""
    (found,) = [full for package in PACKAGES if find_spec(full := f"{package}.{name}")]
    return found


@pytest.mark.parametrize("name", names())
def test_a_benchmark_shows_its_help(
    name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    full = module(name)
    monkeypatch.setattr(sys, "argv", [name, "--help"])
    monkeypatch.delitem(sys.modules, f"{full}.__main__", raising=False)
    monkeypatch.delitem(sys.modules, full, raising=False)
    with pytest.raises(SystemExit) as left:
        runpy.run_module(full, run_name="__main__")
    assert left.value.code == 0
    assert capsys.readouterr().out.startswith("usage: ")


def test_every_benchmark_is_listed() -> None:
    folders = [ROOT / package.replace(".", "/") for package in PACKAGES]
    files = [path for folder in folders for path in folder.glob("*.py")]
    runnable = {path.stem for path in files if "__main__" in path.read_text("utf-8")}
    packages = ("serve", "ray", "attacks", "extraction", "soak", "processes")
    assert sorted(names()) == sorted({*runnable, *packages})


def test_an_unknown_name_is_rejected() -> None:
    done = subprocess.run([BENCH, "no-such-benchmark"], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "no benchmark is called 'no-such-benchmark'" in done.stderr
