"""A short run of the serving benchmark: real servers, tables, page and plot."""

from __future__ import annotations

import importlib.util
import re
import sys
from pathlib import Path

import pytest

from bench.serve import __main__ as command
from bench.serve import bulk, closed, engine, overload
from bench.serve.results import Results
from bench.serve.rows import Row
from bench.serve.servers import WAYS
from tests.bench.serve.pages import PAGE


def installed(*modules: str) -> bool:
    return all(importlib.util.find_spec(module) for module in modules)


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """Shorten the benchmark to two calls and one second per measurement."""
    monkeypatch.setattr(closed, "MIN_CALLS", {"trained": 2})
    monkeypatch.setattr(closed, "MIN_CALLS_TRANSFORMERS", {"trained": 2})
    monkeypatch.setattr(closed, "CALLS_TRAINED", 1)
    monkeypatch.setattr(engine, "MIN_SENTENCES", {"trained": 20})
    monkeypatch.setattr(command, "SECONDS", {"trained": 1.0})
    monkeypatch.setattr(bulk, "SETTLING_S", 0.5)


def run(monkeypatch: pytest.MonkeyPatch, *arguments: str | Path) -> None:
    monkeypatch.setattr(sys, "argv", ["serve", "--model", "trained", *map(str, arguments)])
    command.main()


@pytest.mark.usefixtures("few")
def test_closed_loops_of_every_way(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    ways = [way for way in WAYS if way != "transformers" or installed("torch", "transformers")]
    file, page = tmp_path / "results.json", tmp_path / "page.md"
    page.write_text(PAGE, "utf-8")
    asked = ["--kind", "article", "--clients", "2", "--way", *ways, "--only", "closed"]
    run(monkeypatch, *asked, "--json", file, "--docs", page)
    results = Results.read(file)
    assert {(row.system, row.clients) for row in results.rows} == {
        (system, 2) for system in [*ways, "summsvc, streamed"]
    }
    for row in results.rows:
        assert (row.calls, row.failed, row.retried) == (2, 0, 0)
        assert row.tokens_per_s > 0
        assert row.limit_tokens_per_s > 0
        assert 0 < row.p50_ms <= row.p95_ms <= row.p99_ms
        assert (0 < row.first_ms <= row.p99_ms) == row.system.endswith("streamed")
        assert min(row.clients_ms, row.engine_ms, row.rss_mb) > 0
    for model, system in re.findall(
        r"^\| (\w+) \| article \| 2 \| (.*?) \|", page.read_text(), re.M
    ):
        assert model == "trained"
        assert results.row(model, "article", 2, system)


@pytest.mark.usefixtures("few")
def test_bulk_and_overload_are_added_to_earlier_results(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(overload, "FACTORS", (0.3,))
    file = tmp_path / "results.json"
    earlier = Results([Row("trained", "mix", 4, "summsvc", 1, 2, engine_ms=1)])
    earlier.write(file)
    k6 = Path(sys.executable).with_name("k6").is_file()
    run(monkeypatch, "--only", "bulk", *(["overload"] if k6 else []), "--json", file)
    results = Results.read(file)
    assert results.rows == earlier.rows
    offload = results.bulk["trained"]
    assert offload.failed == 0
    assert offload.calls > 0
    assert min(offload.idle_p50_ms, offload.busy_p50_ms, offload.batch_ms) > 0
    if k6:
        [step] = results.overload["trained"].steps
        assert step.answered > 0
        assert step.broken == 0
