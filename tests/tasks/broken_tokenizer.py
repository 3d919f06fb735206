"""A tokenizer that fails, and what is said of it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from structlog.testing import capture_logs

from summsvc.engines.base import Seq2SeqEngine
from summsvc.errors import EngineError

FAILURES = [SystemExit(5), RuntimeError("on: a text"), MemoryError()]
"""What a library may raise; messages may contain text of the article."""


@contextmanager
def failing_tokenizer(engine: Seq2SeqEngine, raised: BaseException) -> Iterator[None]:
    """An engine whose tokenizer fails; the block must raise EngineError, and the log the cause."""

    def fail(*_: object) -> list[int]:
        raise raised

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(engine, "count_tokens", fail)
        with capture_logs() as logged, pytest.raises(EngineError, match="could not read") as caught:
            yield
    assert [(line["event"], line["exc_info"]) for line in logged] == [("tokenizer failed", raised)]
    assert "a text" not in caught.value.message
