"""Percentiles and histograms of latencies."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from summsvc.cli.bench import latency

LATENCIES = st.lists(st.floats(1e-4, 1e7), min_size=1, max_size=200)


def test_percentiles_are_values_that_occurred() -> None:
    found = latency.summary([float(value) for value in range(1, 1001)])
    assert found == {
        "min": 1,
        "mean": 500.5,
        "p50": 500,
        "p90": 900,
        "p95": 950,
        "p99": 990,
        "p999": 999,
        "max": 1000,
    }


@pytest.mark.parametrize("function", [latency.summary, latency.histogram])
def test_nothing_has_neither(function: object) -> None:
    assert not function([])  # type: ignore[operator]


@given(LATENCIES)
def test_a_percentile_has_its_share_at_or_below_it(values: list[float]) -> None:
    ordered = sorted(values)
    for share in (0.01, 0.5, 0.99, 1.0):
        found = latency.percentile(ordered, share)
        assert sum(value <= found for value in ordered) >= share * len(ordered)
        assert sum(value < found for value in ordered) < share * len(ordered)


@given(LATENCIES)
def test_a_histogram_has_each_latency_once(values: list[float]) -> None:
    bins = latency.histogram(values)
    assert sum(count for _, count in bins) == len(values)
    assert len(bins) <= latency.MAX_BINS
    bounds = [bound for bound, _ in bins]
    assert bounds == sorted(set(bounds))
    assert bins[0][1] > 0 or min(values) < 1e-3
    for position, (bound, _) in enumerate(bins):
        expected = sum(value <= bound for value in values)
        assert sum(count for _, count in bins[: position + 1]) == expected
