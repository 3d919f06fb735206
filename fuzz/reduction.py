"""Reduction of a corpus: the shortest inputs that together reach all steps of the code."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from types import CodeType, FrameType
from typing import Any

from fuzz.target import Target

Step = tuple[CodeType, int, int]
"""A line of a function and the line before it in the same run of the function."""


def reached(target: Target, data: bytes) -> set[Step]:
    """The steps of summsvc's code that an input reaches."""
    steps: set[Step] = set()

    def called(frame: FrameType, event: str, _: Any) -> Any:
        if event != "call" or "/summsvc/" not in frame.f_code.co_filename:
            return None
        before = 0

        def step(inner: FrameType, event: str, _: Any) -> Any:
            nonlocal before
            if event == "line":
                steps.add((inner.f_code, before, inner.f_lineno))
                before = inner.f_lineno
            return step

        return step

    sys.settrace(called)
    try:
        target.run(data)
    finally:
        sys.settrace(None)
    return steps


def reduced(target: Target, inputs: Iterable[bytes]) -> list[bytes]:
    """The inputs, shortest first, each of which reaches a step that no shorter one does.

    The target's seeds are not among them: they are always run.
    """
    known: set[Step] = set()
    for data in target.seeds():
        known |= reached(target, data)
    kept: list[bytes] = []
    for data in sorted(inputs, key=len):
        found = reached(target, data) - known
        if found:
            known |= found
            kept.append(data)
    return kept
