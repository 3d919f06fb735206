"""The table and the targets of the benchmark of students."""

from __future__ import annotations

from bench.serve.rows import Row
from bench.speed.students import Result, bars, table


def result(model: str, beams: int, speed: float) -> Result:
    rows = tuple(
        Row(model, "article", count, "summsvc", speed * share, p50_ms=50.0)
        for count, share in ((1, 0.5), (32, 0.9))
    )
    return Result(model, beams, speed, 10_000 / speed, 400.0, rows)


def test_a_row_for_each_model_and_beam_size() -> None:
    lines = table([result("student-base", 1, 2000), result("tc-big", 4, 100)], [1, 32]).splitlines()
    assert lines[2] == (
        "| student-base | 1 | 32 | 2000 | 1000 | 0.50 | 50 | 1800 | 0.90 | 50 | 5 | 400 |"
    )
    assert len({line.count("|") for line in lines}) == 1


def test_the_engines_alone_have_no_load() -> None:
    lines = table([Result("tc-big", 2, 100.0)], []).splitlines()
    assert lines[-1] == "| tc-big | 2 | 479 | 100 |"


def test_targets_compare_the_base_student_with_tc_big() -> None:
    results = [result("student-base", 1, 2000), result("tc-big", 4, 100)]
    assert [(round(bar.value, 2), bar.met) for bar in bars(results, 32)] == [
        (20.0, True),
        (0.05, True),
        (1.0, False),
        (0.9, True),
    ]
    assert not list(bars(results[:1], 32))
    assert not list(bars(results, 8))
