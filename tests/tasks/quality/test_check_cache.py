"""The cache of quality checks: equal outputs are checked once, unless the cache is bypassed."""

from __future__ import annotations

from typing import Any

import pytest

from summsvc.articles.document import SegmentKind
from summsvc.scheduling.jobs import Priority
from summsvc.tasks.pipeline.decoding import DecodingRequest
from summsvc.tasks.pipeline.pipeline import Pipeline
from summsvc.tasks.pipeline.stage import Stage
from summsvc.tasks.pipeline.text_workers import TextWorkers
from summsvc.tasks.quality import check_cache
from summsvc.tasks.quality.check_cache import MAX_CACHED_LENGTH, Checks
from summsvc.tasks.quality.checks import Issue, assess
from summsvc.tasks.translation.checking import check_and_complete
from tests.scheduling.reversing import scheduler
from tests.tasks.scripted import NO_TERMS, ScriptedEngine, segment_of

SOURCE = "The police arrested 123 people."
WRONG = "Полиция задержала 132 человека."
PAIR: dict[str, Any] = {"source_language": "en", "target": "ru", "complete": True}


@pytest.fixture
def assessed(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str]]:
    """Every source and output that was passed to ``assess``."""
    calls: list[tuple[str, str]] = []

    def recorded(source: str, output: str, **rest: Any) -> list[Issue]:
        calls.append((source, output))
        return assess(source, output, **rest)

    monkeypatch.setattr(check_cache, "assess", recorded)
    return calls


def test_equal_arguments_are_checked_once_and_others_anew(
    assessed: list[tuple[str, str]],
) -> None:
    checks = Checks()
    expected = assess(SOURCE, WRONG, **PAIR)
    for _ in range(3):
        issues = checks.issues(SOURCE, WRONG, **PAIR)
        assert issues == expected
        # The list belongs to the caller, who may change it.
        issues.clear()
    assert len(assessed) == 1
    for other in ({"target": "lt"}, {"complete": False}, {"kept": {"132"}}):
        fields = {**PAIR, **other}
        assert checks.issues(SOURCE, WRONG, **fields) == assess(SOURCE, WRONG, **fields)
    assert len(assessed) == 4


def test_the_cache_is_bounded(assessed: list[tuple[str, str]]) -> None:
    checks = Checks(max_pairs=2)
    for _ in range(2):
        for output in ("раз", "два", "три"):
            checks.issues(SOURCE, output, **PAIR)
    assert len(assessed) == 6
    long = SOURCE * MAX_CACHED_LENGTH
    for _ in range(2):
        checks.issues(long, long, **PAIR)
    assert len(assessed) == 8


@pytest.mark.parametrize("use_cache", [True, False])
async def test_requests_share_issues_unless_they_bypass_the_cache(
    assessed: list[tuple[str, str]], *, use_cache: bool
) -> None:
    shared = Checks()
    queue = scheduler(ScriptedEngine(lambda _: WRONG), cache_bytes=1_000_000)
    workers = TextWorkers(1, max_title=100, max_body=1000)
    segments = [segment_of(SOURCE, SegmentKind.SENTENCE)]
    try:
        for _ in range(2):
            made = Pipeline(
                [Stage(queue, "en", "ru")],
                workers,
                decoding=DecodingRequest(),
                priority=Priority.INTERACTIVE,
                deadline=None,
                use_cache=use_cache,
                checks=shared,
            )
            outputs = await made.run_all([SOURCE])
            await check_and_complete(made, segments, outputs, "ru", NO_TERMS)
    finally:
        await queue.close()
        workers.close()
    # One check of the first output, and one of each of two retries with the same output.
    assert len(assessed) == (1 if use_cache else 2 * 3)
