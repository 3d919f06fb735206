"""Rates and latencies between two samples."""

from __future__ import annotations

import pytest

from summsvc.cli.top.activity import Activity, Sample, activity
from summsvc.cli.top.metrics import parse
from tests.cli.top.samples import models, server


def between(old: str, new: str, seconds: float = 2.0) -> Activity:
    first = Sample(server(), models(), parse(old), at=10.0)
    second = Sample(server(), models(), parse(new), at=10.0 + seconds)
    found = activity(first, second)
    assert found is not None
    return found


def calls(ok: int, failed: int, *, start: int = 1) -> str:
    """Metrics after calls of 40 to 100 ms, in the buckets 0.1 and +Inf."""
    labels = 'method="Translate"'
    return f"""
process_start_time_seconds {start}
summsvc_calls_total{{{labels},code="OK"}} {ok}
summsvc_calls_total{{{labels},code="INTERNAL"}} {failed}
summsvc_call_seconds_count{{{labels}}} {ok + failed}
summsvc_call_seconds_bucket{{{labels},le="0.05"}} {ok // 2}
summsvc_call_seconds_bucket{{{labels},le="0.1"}} {ok}
summsvc_call_seconds_bucket{{{labels},le="+Inf"}} {ok + failed}
summsvc_calls_in_flight{{{labels}}} 3
"""


def test_rates_and_latencies_are_those_of_the_time_between() -> None:
    (found,) = between(calls(100, 0), calls(120, 2)).methods
    assert (found.method, found.in_flight) == ("Translate", 3)
    assert found.calls_per_s == pytest.approx(11)
    assert found.failed_per_s == pytest.approx(1)
    # Ten of the 22 new calls took up to 50 ms, ten more up to 100 ms.
    assert found.p50_ms == pytest.approx(55)
    assert found.p99_ms == pytest.approx(100)


def test_without_a_call_there_are_no_latencies() -> None:
    (found,) = between(calls(100, 0), calls(100, 0)).methods
    assert (found.calls_per_s, found.p50_ms) == (0, None)


def test_a_restarted_server_counts_from_zero() -> None:
    (found,) = between(calls(100, 0), calls(10, 0, start=2)).methods
    assert found.calls_per_s == pytest.approx(5)


def test_batches_and_troubles() -> None:
    labels = 'model="opus-en-ru"'
    page = """
summsvc_model_loaded{{{labels}}} 1
summsvc_queued_requests{{{labels}}} 4
summsvc_queued_tokens{{{labels}}} 90
summsvc_batch_seconds_count{{{labels}}} {batches}
summsvc_batch_seconds_sum{{{labels}}} {batches}
summsvc_batch_segments_count{{{labels}}} {batches}
summsvc_batch_segments_sum{{{labels}}} {segments}
summsvc_segments_total{{{labels}}} {segments}
summsvc_cache_hits_total{{{labels}}} {segments}
summsvc_output_tokens_total{{{labels}}} {segments}
summsvc_stalled_batches_total{{{labels}}} {batches}
"""
    old = page.format(labels=labels, batches=1, segments=8)
    new = page.format(labels=labels, batches=3, segments=40)
    found = between(old, new)
    (model,) = found.models
    assert (model.queued_requests, model.queued_tokens) == (4, 90)
    assert (model.batches_per_s, model.batch_segments, model.batch_ms) == (1, 16, 1000)
    assert (model.segments_per_s, model.output_tokens_per_s) == (16, 16)
    assert model.cache_share == 0.5
    assert model.batch_fill is None
    assert dict(found.troubles) == {"batches treated as hung": (2, 3)}


def test_without_metrics_there_is_no_activity() -> None:
    blind = Sample(server(), models(), None, "they are off")
    assert activity(blind, Sample(server(), models(), parse(""))) is None
