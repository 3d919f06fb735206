"""Builds every checkpoint, two at a time: ``python -m tests.checkpoints [NAME…]``."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

from tests.checkpoints import FAMILIES, checkpoint, marian, split_student, spoiled, student
from tests.checkpoints.marian import LANGUAGES

PROCESSES = 2


def _timed(build: Callable[[], Path]) -> str:
    begun = time.perf_counter()
    return f"{build()} {time.perf_counter() - begun:.0f} s"


def main(names: list[str]) -> None:
    """Build the named checkpoints, or all."""
    builds = {f"marian-en-{code}": partial(marian, f"en-{code}") for code in LANGUAGES}
    builds |= {f"student-en-{code}": partial(student, f"en-{code}") for code in LANGUAGES}
    builds["student-split-en-ru"] = partial(split_student, "en-ru")
    builds |= {name: partial(checkpoint, name) for name in FAMILIES}
    builds["marian-spoiled"] = partial(spoiled)
    with ProcessPoolExecutor(PROCESSES) as pool:
        for line in pool.map(_timed, [builds[name] for name in names or builds]):
            print(line)


if __name__ == "__main__":
    main(sys.argv[1:])
