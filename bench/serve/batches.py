"""A summsvc server that records the batches of its engine in a file.

    python -m bench.serve.batches FILE serve

The arguments after FILE, and the settings, are those of summsvc.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import NoReturn

from summsvc.cli import main
from summsvc.engines.base import Cancelled, DecodingOptions, Generated
from summsvc.engines.ctranslate2 import CTranslate2Engine


@dataclass(frozen=True)
class Batch:
    """A call of the engine. begun: its start on the machine's monotonic clock, in seconds."""

    begun: float
    texts: list[str]
    source: str
    target: str
    options: DecodingOptions


def recorded(file: Path) -> list[Batch]:
    """The batches that a server, which has ended, recorded in a file, in order."""
    return [
        Batch(**batch | {"options": DecodingOptions(**batch["options"])})
        for batch in json.loads(file.read_text("utf-8"))
    ]


def serve(file: Path) -> None:
    """Run summsvc until it is terminated, and write the file when its process ends."""
    batches: list[Batch] = []
    compute, end = CTranslate2Engine.generate, os._exit

    def generate(
        engine: CTranslate2Engine,
        texts: Sequence[str],
        source: str,
        target: str,
        options: DecodingOptions,
        cancelled: Cancelled = lambda: False,
    ) -> list[Generated]:
        batches.append(Batch(time.monotonic(), list(texts), source, target, options))
        return compute(engine, texts, source, target, options, cancelled)

    def write_and_end(status: int) -> NoReturn:
        file.write_text(json.dumps([asdict(batch) for batch in batches]), "utf-8")
        end(status)

    CTranslate2Engine.generate = generate  # type: ignore[assignment, method-assign]
    # The server ends its process with os._exit, so that no ``finally`` of a caller runs.
    os._exit = write_and_end
    main()


if __name__ == "__main__":
    serve(Path(sys.argv.pop(1)))
