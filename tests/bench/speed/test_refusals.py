"""The benchmark of rejections, with a short load."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from bench.speed import refusals


@pytest.mark.skipif(
    not Path(sys.executable).with_name("k6").is_file(), reason="needs k6, of the extra bench"
)
def test_both_servers_reject_every_call(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["refusals", "--rate", "10", "--seconds", "1"])
    refusals.main()
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in capsys.readouterr().out.splitlines()[2:]
    ]
    assert [cells[:2] for cells in rows] == [["summsvc", "10"], ["`grpc.aio` alone", "10"]]
    for cells in rows:
        assert int(cells[2]) > 0, cells
        assert cells[3] == "0"
