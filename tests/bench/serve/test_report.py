"""Tables, targets and plots of given results."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

import pytest

from bench.serve.arrivals import Arrivals
from bench.serve.bars import bars
from bench.serve.bulk import Bulk
from bench.serve.clients import Call, Done
from bench.serve.overload import Overload
from bench.serve.pieces import PIECES
from bench.serve.plot import plot
from bench.serve.report import put, put_summary, report
from bench.serve.results import Results
from bench.serve.rows import Row, percentile, row
from tests.bench.serve.pages import NAMES, PAGE

BENCHMARKS = Path(__file__).parents[3] / "docs" / "benchmarks"


def step(rate: float, goodput: float, refused_ms: float) -> Arrivals:
    return Arrivals(rate, goodput, 10, 5, 2, 1, 1.0, 2.0, 3.0, refused_ms)


RESULTS = Results(
    [
        Row("trained", "article", 32, "summsvc", 850, 1000, engine_ms=0.6, clients_ms=0.2),
        Row("trained", "article", 32, "transformers", 100, 500, engine_ms=0.6),
        Row("trained", "short", 1, "ctranslate2", 10, 1000, p50_ms=3),
        Row("trained", "short", 1, "summsvc", 10, 1000, p50_ms=4.5),
    ],
    {"trained": Bulk(5, 10, 20, 31, batch_ms=2, tokens_per_s=100, calls=50, failed=0)},
    {"trained": Overload(1000, 2.0, (step(4, 990, 1), step(16, 910, 60)))},
)


def test_the_targets_of_given_rows() -> None:
    figures = [(bar.value, bar.bound, bar.met) for bar in bars(RESULTS)]
    assert figures == [
        (pytest.approx(0.85), 0.9, False),
        (pytest.approx(0.85 / 0.2), 5, False),
        (pytest.approx(1.5), 2, True),
        (31, 32, True),
        (pytest.approx(0.91), 0.9, True),
        (60, 50, False),
    ]


def test_a_missing_measurement_has_no_target() -> None:
    assert list(bars(Results())) == []
    assert list(bars(Results(RESULTS.rows[1:3]))) == []


def test_the_tables_of_given_rows() -> None:
    lines = report(RESULTS).splitlines()
    assert sum(line.startswith("| model ") for line in lines) == len(NAMES)
    found = [line for line in lines if line.startswith("| trained | article | summsvc |")]
    assert found == ["| trained | article | summsvc | 0.00 | 0.20 | 0.20 | 0.60 | 0.75 |"]
    for table in report(RESULTS).split("\n\n"):
        assert len({line.count("|") for line in table.splitlines()}) == 1


def test_rows_without_cpu_time_are_not_in_its_table() -> None:
    older = Row("trained", "article", 32, "summsvc", 850, 1000)
    assert "| trained | article | 32 | summsvc | 850 |" in report(Results([older]))
    assert "most that is left" not in report(Results([older]))


def test_a_page_gets_the_tables_and_keeps_its_text(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(PAGE, "utf-8")
    put(Results(RESULTS.rows), page)
    text = page.read_text("utf-8")
    assert "| trained | article | 32 | summsvc | 850 | 1000 | 1.00 | 0.85 |" in text
    # Neither bulk nor overload was measured.
    assert text.count("old") == 2
    put(RESULTS, page)
    put(RESULTS, page)
    text = page.read_text("utf-8")
    assert "old" not in text
    kept = [line for line in text.splitlines() if line and not line.startswith("|")]
    assert kept == [line for line in PAGE.splitlines() if line and line != "old"]
    page.write_text("no place", "utf-8")
    with pytest.raises(ValueError, match="no place for the table 'closed'"):
        put(RESULTS, page)


def test_the_tables_in_the_docs_match_the_stored_results(tmp_path: Path) -> None:
    results = Results.read(BENCHMARKS / "serving.json")
    page = tmp_path / "page.md"
    text = (BENCHMARKS / "serving.md").read_text("utf-8")
    page.write_text(text, "utf-8")
    put(results, page)
    assert page.read_text("utf-8") == text
    summary = (BENCHMARKS.parent / "explanation" / "performance.md").read_text("utf-8")
    page.write_text(summary, "utf-8")
    put_summary(results, page, "opus-mt")
    assert page.read_text("utf-8") == summary


def test_the_plot_in_the_docs_matches_the_stored_results(tmp_path: Path) -> None:
    picture = tmp_path / "serving.svg"
    plot(Results.read(BENCHMARKS / "serving.json"), "opus-mt", picture)
    assert picture.read_text("utf-8") == (BENCHMARKS / "serving.svg").read_text("utf-8")


def test_the_plot_of_given_rows(tmp_path: Path) -> None:
    picture = tmp_path / "known.svg"
    plot(RESULTS, "trained", picture)
    drawn = ElementTree.fromstring(picture.read_text("utf-8"))
    texts = [text.text for text in drawn.iterfind(".//{*}text")]
    assert [text for text in texts if text and text.endswith(" %")] == [
        "85 %",
        "20 %",
        "engine alone: 100 %",
    ]
    with pytest.raises(ValueError, match="32 clients with opus-mt"):
        plot(RESULTS, "opus-mt", picture)


def test_the_summary_of_given_rows(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("<!-- serve summary -->\n<!-- end -->\n<!-- serve bars -->\n<!-- end -->\n")
    put_summary(RESULTS, page, "trained")
    lines = page.read_text("utf-8").splitlines()
    assert [line for line in lines if line.startswith("| article |")] == [
        "| article | transformers | 100 | 0.20 | 0.0 | 0.0 | 0 |",
        "| article | summsvc | 850 | 0.85 | 0.0 | 0.0 | 0 |",
    ]
    assert any("goodput at 4 x overload" in line for line in lines)


def test_results_are_restored_from_their_file(tmp_path: Path) -> None:
    file = tmp_path / "results.json"
    assert Results.read(file) == Results()
    RESULTS.write(file)
    assert Results.read(file) == RESULTS


def test_a_row_sums_up_its_calls() -> None:
    calls = [
        Call(10.0, 10.5, 12.0, segments=3, output_tokens=60, queue_ms=4, retried=1),
        Call(11.0, 11.1, 14.0, segments=5, output_tokens=100, queue_ms=6),
        Call(11.0, 15.0, 15.0, "RESOURCE_EXHAUSTED"),
    ]
    done = Done(calls, cpu_s=0.4)
    made = row("trained", "mix", 2, "summsvc", done, stream=True, cpu_s=4.0, rss_mb=100)
    assert (made.calls, made.failed, made.retried) == (3, 1, 1)
    assert made.tokens_per_s == pytest.approx(160 / 5)
    assert made.cpu == pytest.approx(0.8)
    assert made.server_ms == pytest.approx(500)
    assert made.clients_ms == pytest.approx(50)
    assert made.first_ms == pytest.approx(300)
    assert made.p50_ms == made.p99_ms == pytest.approx(3000)


def test_percentiles() -> None:
    assert percentile([], 0.5) == 0
    assert [percentile([3, 1, 2], share) for share in (0, 0.5, 1)] == [1, 2, 3]


def test_pieces_cover_every_load_once() -> None:
    loads = [
        (piece.model, kind, clients, way)
        for piece in PIECES.values()
        for kind in piece.kinds
        for clients in piece.clients
        for way in piece.ways
    ]
    assert len(loads) == len(set(loads)) == 2 * 3 * 6 * 3 + 3 * 6
    assert sum(piece.bulk for piece in PIECES.values()) == 2
