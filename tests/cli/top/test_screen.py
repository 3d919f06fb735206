"""The screen fits a terminal, whatever the server has."""

from __future__ import annotations

import pytest

from summsvc.cli.top import screen
from summsvc.cli.top.activity import TROUBLES, Activity, MethodActivity, ModelActivity, Sample
from summsvc.cli.top.metrics import parse
from tests.cli.top.samples import models, server

BIG = 12_345_678.9


def busy(methods: int, count: int, troubles: int) -> Activity:
    return Activity(
        seconds=2,
        methods=tuple(
            MethodActivity(
                f"/summsvc.v1.TranslationService/BatchTranslate{number}",
                BIG,
                BIG,
                99_999,
                BIG,
                BIG,
                BIG,
            )
            for number in range(methods)
        ),
        models=tuple(
            ModelActivity(
                f"model-{number}-with-a-long-name", 512, 99_999, 99.9, 64, 999, 1, 99, 9_999, 1
            )
            for number in range(count)
        ),
        unread_articles=5,
        troubles=dict.fromkeys(list(TROUBLES.values())[:troubles], (1, 20)),
        cpu=1.5,
        memory_mb=4_000,
        loop_lag_ms=1.25,
    )


@pytest.mark.parametrize("rows", [16, 24, 60])
@pytest.mark.parametrize(("methods", "count", "troubles"), [(0, 0, 0), (2, 2, 1), (20, 40, 9)])
def test_it_fits(methods: int, count: int, troubles: int, rows: int) -> None:
    sample = Sample(server(), models(count, 3), parse(""))
    found = screen.lines("127.0.0.1:50051", sample, busy(methods, count, troubles), 80, rows)
    assert len(found) <= rows
    assert max(map(len, found)) <= 80
    assert screen.MODEL_HEADING.rstrip() in found
    assert "127.0.0.1:50051, up 1 h 1 min" in found[0]
    for line in found:
        if line.startswith("BatchTranslate"):
            assert line.split()[1:] == ["12,346k", "12,346k", "99,999", *["12,346k"] * 3]


def test_24_rows_have_room_for_all_parts() -> None:
    sample = Sample(server(), models(2, 0), parse(""))
    found = "\n".join(screen.lines("a:1", sample, busy(5, 2, 3)))
    assert "MODEL" in found
    assert "TROUBLE" in found
    assert found.count("model-") == 2


def test_hidden_models_are_counted() -> None:
    found = screen.lines("a:1", Sample(server(), models(40, 3), parse("")), busy(6, 40, 9))
    shown = sum(line.startswith("model-") for line in found)
    assert shown >= 1
    assert f"and {43 - shown} more models" in found


def test_missing_metrics_are_said() -> None:
    sample = Sample(server(), models(1, 1), None, "http://127.0.0.1:9464/metrics cannot be read")
    found = screen.lines("a:1", sample, None)
    assert "the metrics are missing" in "\n".join(found)
    assert "http://127.0.0.1:9464/metrics cannot be read" in found
    assert sum(line.startswith("model-") for line in found) == 2
    assert any(line.endswith("on disk") for line in found)


def test_a_server_without_models_says_how_to_install_one() -> None:
    found = screen.lines("a:1", Sample(server(), models(0), parse("")), busy(0, 0, 0))
    assert "summsvc models pull" in "\n".join(found)
    assert "No trouble since the server started." in found
