"""The benchmark of threads, with a short load."""

from __future__ import annotations

import re
import sys

import pytest

from bench.serve import engine
from bench.speed import threads


def test_the_shares_of_the_threads_add_up_to_the_server(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(engine, "MIN_SENTENCES", {"trained": 20})
    monkeypatch.setattr(threads, "LEAD_S", 0.5)
    command = ["threads", "--rounds", "1", "--seconds", "1", "--clients", "4"]
    monkeypatch.setattr(sys, "argv", command)
    threads.main()
    said = capsys.readouterr().out
    shares = {name: float(share) for name, share in re.findall(r"\| (.+) \| .+ \| (.+) \| ", said)}
    assert list(shares) == ["engine", "event loop", "text, replies, log", "server"]
    parts = [share for name, share in shares.items() if name != "server"]
    assert all(parts)
    replayed = re.search(r"\| engine alone, the server's batches \| (.+?) \|", said)
    assert replayed is not None
    assert float(replayed[1]) > 0
    assert sum(parts) == pytest.approx(shares["server"], abs=0.02)
