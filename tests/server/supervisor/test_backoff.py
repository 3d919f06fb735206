"""Delays between the starts of a process."""

from __future__ import annotations

from summsvc.server.supervisor.backoff import FIRST_S, MOST_S, STABLE_S, Backoff


def test_delays_double_up_to_a_bound() -> None:
    backoff = Backoff()
    delays = [backoff.delay_s(1.0) for _ in range(20)]
    assert delays[:3] == [FIRST_S, 2 * FIRST_S, 4 * FIRST_S]
    assert delays[-1] == max(delays) == MOST_S


def test_a_stable_run_starts_again_with_the_first_delay() -> None:
    backoff = Backoff()
    for _ in range(20):
        backoff.delay_s(1.0)
    assert [backoff.delay_s(ran_s) for ran_s in (STABLE_S, 1.0)] == [FIRST_S, 2 * FIRST_S]
