"""Results of a soak as Markdown tables, for the terminal and for a page of docs/."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from bench.soak.results import Minute, Results, bars
from bench.tables import replace_tables, table

HEAD = "minute | calls | p50 ms | p95 | p99 | MB | descriptors | threads | tasks"


def put(results: Results, page: Path) -> None:
    """Replace the results in a page, between ``<!-- soak results -->`` and ``<!-- end -->``."""
    replace_tables(page, "soak", {"results": report(results)})


def report(results: Results) -> str:
    """The requirements, the statuses and one line for each of ten parts of the run."""
    calls = sum(results.statuses().values())
    statuses = ", ".join(f"{name} {n}" for name, n in results.statuses().most_common())
    skipped = sum(each.calls.skipped for each in results.minutes)
    loads = sum(each.loads for each in results.minutes)
    length = f"{len(results.minutes)} x {results.interval_s:.0f} s"
    sentences = (
        f"{length} at {results.rate:.0f} calls/s, {results.rate / results.capacity:.0%} of the "
        f"{results.capacity:.0f} calls/s of a closed loop of the same calls. {calls} calls, "
        f"{skipped} not started because 400 were under way, {loads} loads of models. "
        f"Statuses: {statuses}."
    )
    requirements = table(
        "requirement | measured | ",
        ((bar.text, bar.measured, "met" if bar.met else "not met") for bar in bars(results)),
    )
    step = max(1, len(results.minutes) // 10)
    chosen = list(enumerate(results.minutes, 1))[::step]
    minutes = table(HEAD, (_line(*each) for each in chosen))
    return f"{sentences}\n\n{requirements}\n\n{minutes}"


def _line(number: int, minute: Minute) -> Sequence[str]:
    calls, usage = minute.calls, minute.usage
    figures = (calls.p50_ms, calls.p95_ms, calls.p99_ms, usage.rss_mb)
    counts = (usage.fds, usage.threads, usage.tasks)
    return (str(number), str(calls.calls), *(f"{x:.1f}" for x in figures), *map(str, counts))
