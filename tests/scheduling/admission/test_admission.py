"""Admission and rejection of requests, and the retry delay."""

from __future__ import annotations

from typing import Any

import pytest

from summsvc.errors import DeadlineError, OverloadedError
from summsvc.scheduling.admission.admission import Admission, QueueLimits


def admission(*, workers: int = 1, rate: float | None = None) -> Admission:
    """An admission. rate: measured tokens per second of each worker."""
    made = Admission(QueueLimits(10, 1000), workers=workers)
    if rate is not None:
        made.record_batch(tokens=100, seconds=100 / rate)
    return made


def check(made: Admission, **changed: Any) -> None:
    facts: dict[str, Any] = {
        "tokens": 10,
        "requests_waiting": 5,
        "tokens_waiting": 500,
        "tokens_ahead": 50,
        "seconds_left": None,
    }
    made.admit(**(facts | changed))


def test_the_rate_is_that_of_all_workers() -> None:
    assert admission(workers=3, rate=200).tokens_per_s == pytest.approx(600)


def test_the_expected_rate_counts_until_a_batch_is_measured() -> None:
    made = admission(workers=2)
    assert made.tokens_per_s is None
    made.expect(tokens=100, seconds=0.0)
    assert made.tokens_per_s is None
    made.expect(tokens=100, seconds=1.0)
    assert made.tokens_per_s == pytest.approx(200)
    made.record_batch(tokens=100, seconds=0.5)
    assert made.tokens_per_s == pytest.approx(400)


def test_the_first_batches_have_equal_weight() -> None:
    made = admission(rate=100)
    made.record_batch(tokens=100, seconds=3.0)
    assert made.tokens_per_s == pytest.approx(50)


def test_the_batch_time_is_the_average_of_measured_batches() -> None:
    made = admission()
    assert made.batch_s == 0
    made.record_batch(tokens=100, seconds=1.0)
    assert made.batch_s == 1.0
    for _ in range(30):
        made.record_batch(tokens=100, seconds=3.0)
    assert made.batch_s == pytest.approx(3.0, rel=0.01)


def test_a_large_batch_has_more_weight_than_a_small_one() -> None:
    made = admission()
    made.record_batch(tokens=1, seconds=1.0)
    made.record_batch(tokens=999, seconds=1.0)
    assert made.tokens_per_s == pytest.approx(500)


def test_the_rate_follows_changes_of_speed() -> None:
    made = admission(rate=200)
    for _ in range(50):
        made.record_batch(tokens=100, seconds=1.0)
    assert made.tokens_per_s == pytest.approx(100, rel=0.01)


def test_limits_are_exact() -> None:
    made = admission()
    check(made, requests_waiting=9)
    check(made, tokens_waiting=990)
    with pytest.raises(OverloadedError):
        check(made, requests_waiting=10)
    with pytest.raises(OverloadedError) as refused:
        check(made, tokens_waiting=991)
    assert refused.value.metadata == {
        "queued_requests": "5",
        "queued_tokens": "991",
        "limit_of": "caller",
    }
    assert refused.value.retry_after == 1.0


def test_the_retry_delay_is_the_time_until_the_tokens_fit() -> None:
    made = admission(workers=2, rate=50)
    with pytest.raises(OverloadedError) as refused:
        check(made, tokens=200, tokens_waiting=1000)
    assert refused.value.retry_after == pytest.approx(2.0)
    with pytest.raises(OverloadedError) as refused:
        check(made, tokens=1, tokens_waiting=1000)
    assert refused.value.retry_after == pytest.approx(0.05)


def test_jobs_without_tokens_and_oversized_jobs_in_an_empty_queue_are_admitted() -> None:
    made = admission()
    check(made, tokens=0, requests_waiting=10, tokens_waiting=1000)
    check(made, tokens=5000, requests_waiting=0, tokens_waiting=0)


def test_a_job_without_a_deadline_is_limited_by_max_wait_s() -> None:
    made = admission(workers=2, rate=50)
    made.limits = QueueLimits(10, 1000, max_wait_s=3.0)
    check(made, tokens_ahead=300)
    check(made, tokens_ahead=500, seconds_left=100.0)
    check(made, tokens_ahead=500, continues=True)
    check(made, tokens_ahead=500, tokens=0)
    with pytest.raises(OverloadedError, match="about 5 s") as refused:
        check(made, tokens_ahead=500)
    assert refused.value.retry_after == pytest.approx(2.0)


def test_a_deadline_that_cannot_be_met_is_rejected() -> None:
    made = admission(workers=2, rate=50)
    check(made, tokens=100, tokens_ahead=100, seconds_left=2.01)
    with pytest.raises(DeadlineError, match=r"1\.90 s away.* 2\.00 s"):
        check(made, tokens=100, tokens_ahead=100, seconds_left=1.9)


def test_without_a_rate_only_a_passed_deadline_is_rejected() -> None:
    check(admission(), tokens=100_000, requests_waiting=0, seconds_left=0.001)
    with pytest.raises(DeadlineError):
        check(admission(), seconds_left=0.0)


def test_a_job_that_makes_others_late_is_rejected() -> None:
    made = admission(rate=200)
    with pytest.raises(OverloadedError, match="by their deadlines") as refused:
        check(made, seconds_left=100.0, shortfall_s=0.4)
    assert refused.value.retry_after == pytest.approx(0.4)
    check(made, seconds_left=100.0, shortfall_s=0.4, continues=True)
    check(made, seconds_left=100.0, shortfall_s=0.4, tokens=0)
