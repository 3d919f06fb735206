"""The benchmark of a call, with a few calls to each server."""

from __future__ import annotations

import sys

import pytest

from bench.serve.servers import Served
from bench.speed import call


def test_all_servers_are_called_and_compared(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(call, "TO_WARM_UP", 2)
    monkeypatch.setattr(sys, "argv", ["call", "--rounds", "2", "--calls", "3"])
    call.main()
    rows = {
        name.strip(): [cell.strip() for cell in cells]
        for name, *cells in (
            line.strip("|").split("|") for line in capsys.readouterr().out.splitlines()[2:]
        )
    }
    assert list(rows) == ["`grpc`, threads", "`grpc.aio`", "ctranslate2", "summsvc"]
    assert all(float(cells[0]) > 0 for cells in rows.values())
    assert rows["ctranslate2"][1] == "+0.00"


def test_differences_are_computed_within_a_round() -> None:
    rows = [
        call.Row(call.BASELINE, Served(()), [1.0, 10.0, 100.0], 0.006, 3),
        call.Row("other", Served(()), [3.0, 12.0, 102.0], 0.012, 3),
    ]
    assert call.table(rows).splitlines()[2:] == [
        "| ctranslate2 | 10.00 | +0.00 | +0.00 to +0.00 | 2.00 |",
        "| other | 12.00 | +2.00 | +2.00 to +2.00 | 4.00 |",
    ]
