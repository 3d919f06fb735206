"""Results of a soak as Markdown tables, for the terminal and for a page of docs/."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from bench.soak.results import Minute, Results, bars

PLACE = re.compile(r"(?<=<!-- soak -->\n).*?(?=<!-- end -->)", re.S)


def put(results: Results, page: Path) -> None:
    """Replace the tables of a page, between ``<!-- soak -->`` and ``<!-- end -->``."""
    text = page.read_text("utf-8")
    if not PLACE.search(text):
        raise ValueError(f"{page} has no place for the tables")
    page.write_text(PLACE.sub(lambda _: f"{report(results)}\n", text), "utf-8")


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
    requirements = _table(
        ("requirement", "measured", ""),
        ((bar.text, bar.measured, "met" if bar.met else "not met") for bar in bars(results)),
    )
    step = max(1, len(results.minutes) // 10)
    chosen = list(enumerate(results.minutes, 1))[::step]
    head = ("minute", "calls", "p50 ms", "p95", "p99", "MB", "descriptors", "threads", "tasks")
    return f"{sentences}\n\n{requirements}\n\n{_table(head, (_line(*each) for each in chosen))}"


def _line(number: int, minute: Minute) -> Sequence[str]:
    calls, usage = minute.calls, minute.usage
    figures = (calls.p50_ms, calls.p95_ms, calls.p99_ms, usage.rss_mb)
    counts = (usage.fds, usage.threads, usage.tasks)
    return (str(number), str(calls.calls), *(f"{x:.1f}" for x in figures), *map(str, counts))


def _table(head: Sequence[str], lines: Iterable[Sequence[str]]) -> str:
    ruler = "|" + "---|" * len(head)
    return "\n".join([f"| {' | '.join(head)} |", ruler, *(f"| {' | '.join(x)} |" for x in lines)])
