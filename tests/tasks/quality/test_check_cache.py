"""Doubts about equal outputs are looked for once, but for whoever shares nothing with others."""

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
from summsvc.tasks.quality.check_cache import LONGEST, Checks
from summsvc.tasks.quality.checks import Issue, assess
from summsvc.tasks.translation.checking import check_and_complete
from tests.scheduling.reversing import scheduler
from tests.tasks.scripted import NO_TERMS, ScriptedEngine, segment_of

SOURCE = "The police arrested 123 people."
WRONG = "Полиция задержала 132 человека."
PAIR: dict[str, Any] = {"source_language": "en", "target": "ru", "complete": True}


@pytest.fixture
def assessed(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str]]:
    """Every source and output that was looked at."""
    looks: list[tuple[str, str]] = []

    def noted(source: str, output: str, **rest: Any) -> list[Issue]:
        looks.append((source, output))
        return assess(source, output, **rest)

    monkeypatch.setattr(check_cache, "assess", noted)
    return looks


def test_the_same_is_looked_at_once_and_what_differs_is_not_the_same(
    assessed: list[tuple[str, str]],
) -> None:
    remembering = Checks()
    expected = assess(SOURCE, WRONG, **PAIR)
    for _ in range(3):
        issues = remembering.issues(SOURCE, WRONG, **PAIR)
        assert issues == expected
        # Whoever gets them may do with them what he likes.
        issues.clear()
    assert len(assessed) == 1
    for other in ({"target": "lt"}, {"complete": False}, {"kept": {"132"}}):
        fields = {**PAIR, **other}
        assert remembering.issues(SOURCE, WRONG, **fields) == assess(SOURCE, WRONG, **fields)
    assert len(assessed) == 4


def test_what_is_remembered_is_bounded(assessed: list[tuple[str, str]]) -> None:
    remembering = Checks(recent=2)
    for _ in range(2):
        for output in ("раз", "два", "три"):
            remembering.issues(SOURCE, output, **PAIR)
    assert len(assessed) == 6
    long = SOURCE * LONGEST
    for _ in range(2):
        remembering.issues(long, long, **PAIR)
    assert len(assessed) == 8


@pytest.mark.parametrize("use_cache", [True, False])
async def test_requests_share_what_was_found_unless_they_bypass_the_cache(
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
    # A first look and one at each of two further attempts, which gave the same.
    assert len(assessed) == (1 if use_cache else 2 * 3)
