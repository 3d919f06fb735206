"""The benchmark of streams, with a few streams to each server."""

from __future__ import annotations

import sys

import pytest

from bench.speed import streams


def test_memory_of_both_servers_is_reported(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("OPEN_S", "CLOSED_S", "IDLE_S"):
        monkeypatch.setattr(streams, name, 0.01)
    monkeypatch.setattr(sys, "argv", ["streams", "--rounds", "2", "--streams", "10"])
    streams.main()
    rows = [line.strip("|").split("|") for line in capsys.readouterr().out.splitlines()[2:]]
    assert [name.strip() for name, *_ in rows] == ["`grpc.aio`", "summsvc"]
    assert all(float(cell) > 0 for _, *cells in rows for cell in cells)
