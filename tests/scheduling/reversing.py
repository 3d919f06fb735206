"""A test engine that reverses words, and builders for its schedulers and jobs."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import CollectorRegistry

from summsvc.engines.base import (
    Cancelled,
    CancelledGeneration,
    DecodingOptions,
    Generated,
    ModelSpec,
    Seq2SeqEngine,
    Task,
)
from summsvc.errors import EngineStalledError
from summsvc.scheduling.admission.admission import QueueLimits
from summsvc.scheduling.batch_size import BatchSizer, Budget
from summsvc.scheduling.cache import OutputCache
from summsvc.scheduling.execution.batch_runner import OnEngineLost
from summsvc.scheduling.execution.watchdog import HangThreshold
from summsvc.scheduling.jobs import Job, JobHandle, Priority
from summsvc.scheduling.metrics import QueueMetrics
from summsvc.scheduling.scheduler import Scheduler

PATIENCE_S = 30.0
OPTIONS = DecodingOptions(beam_size=1)


def spec(id: str = "reversing", revision: str = "1") -> ModelSpec:
    return ModelSpec(id, Task.TRANSLATION, Path(), "none", (("en", "ru"),), revision=revision)


def reversed_words(text: str) -> str:
    return " ".join(reversed(text.split()))


async def eventually(holds: Callable[[], bool]) -> None:
    """Wait until a condition is true; fails after ``PATIENCE_S`` seconds."""
    until = time.monotonic() + PATIENCE_S
    while not holds():
        assert time.monotonic() < until
        await asyncio.sleep(0.002)


class ReversingEngine:
    """Reverses the words of each text; a token is a word.

    A text with the word ``poison`` fails the whole batch it is in, as a real
    library would; one with the word ``stall`` stays in ``generate`` until
    ``recover``. While held, batches wait, asking whether they are cancelled; while
    it hangs they do not ask.
    """

    name = "reversing"
    device = "cpu"
    compute_type = "float32"
    max_input_tokens = 10_000
    aligns = False
    restricts_output = False

    def __init__(self, id: str = "reversing") -> None:
        self.spec = spec(id)
        self.batches: list[list[str]] = []
        self.ended: list[list[str]] = []
        self.most_at_once = 0
        self.closed = False
        self.stopped = 0
        self._open = threading.Event()
        self._open.set()
        self._hangs = False
        self._recovered = threading.Event()
        self._begun = threading.Semaphore(0)
        self._lock = threading.Lock()
        self._running = 0

    def hold(self) -> None:
        self._open.clear()

    def hang(self) -> None:
        self._hangs = True
        self._open.clear()

    def release(self) -> None:
        self._hangs = False
        self._open.set()

    def recover(self) -> None:
        self._recovered.set()

    async def begun(self, batches: int = 1) -> None:
        """Wait until so many more batches have started."""
        for _ in range(batches):
            assert await asyncio.to_thread(self._begun.acquire, timeout=PATIENCE_S)

    def count_tokens(self, texts: Sequence[str], source: str, target: str) -> list[int]:
        assert source != target
        return [len(text.split()) for text in texts]

    def generate(
        self,
        texts: Sequence[str],
        source: str,
        target: str,
        options: DecodingOptions,
        cancelled: Cancelled = lambda: False,
    ) -> list[Generated]:
        assert not self.closed
        with self._lock:
            self.batches.append(list(texts))
            self._running += 1
            self.most_at_once = max(self.most_at_once, self._running)
        self._begun.release()
        try:
            while not self._open.wait(0.001):
                if not self._hangs and cancelled():
                    with self._lock:
                        self.stopped += 1
                    raise CancelledGeneration
            if any("stall" in text.split() for text in texts):
                assert self._recovered.wait(PATIENCE_S)
            if any("poison" in text.split() for text in texts):
                raise RuntimeError("cannot read that")
            return [self._generated(text, source, target, options) for text in texts]
        finally:
            with self._lock:
                self._running -= 1
                self.ended.append(list(texts))

    def _generated(
        self, text: str, source: str, target: str, options: DecodingOptions
    ) -> Generated:
        words = len(text.split())
        out = f"{source}>{target}/{options.beam_size} {reversed_words(text)}"
        return Generated(out, -0.5, words, words, complete=True)

    def warm_up(self) -> None:
        pass

    def close(self) -> None:
        self.closed = True


def expected(job: Job) -> list[str]:
    """The outputs of the engine for a job."""
    return [
        f"{job.source}>{job.target}/{job.options.beam_size} {reversed_words(text)}"
        for text in job.texts
    ]


def work(
    texts: Iterable[str],
    *,
    priority: Priority = Priority.INTERACTIVE,
    deadline: float | None = None,
    use_cache: bool = True,
    target: str = "ru",
    options: DecodingOptions = OPTIONS,
) -> Job:
    listed = list(texts)
    return Job(
        listed,
        [len(text.split()) for text in listed],
        "en",
        target,
        options,
        priority,
        deadline,
        use_cache,
    )


def scheduler(
    engine: Seq2SeqEngine,
    *,
    workers: int = 1,
    batch_tokens: int = 64,
    batch_sequences: int = 1000,
    batch_wait_s: float = 0.0,
    max_requests: int = 1000,
    max_tokens: int = 1_000_000,
    cache_bytes: int = 0,
    registry: CollectorRegistry | None = None,
    cache: OutputCache | None = None,
    probe_s: float = 0.0,
    version: str = "",
    hang_threshold: HangThreshold = HangThreshold(),
    on_engine_lost: OnEngineLost = lambda _: None,
) -> Scheduler:
    return Scheduler(
        engine,
        workers=workers,
        limits=QueueLimits(max_requests, max_tokens),
        batch_sizer=BatchSizer(limit=Budget(batch_tokens, batch_sequences), target_s=1e9),
        batch_wait_s=batch_wait_s,
        cache=OutputCache(cache_bytes) if cache is None else cache,
        metrics=QueueMetrics(registry or CollectorRegistry()),
        probe_s=probe_s,
        version=version,
        hang_threshold=hang_threshold,
        on_engine_lost=on_engine_lost,
    )


@asynccontextmanager
async def running(engine: ReversingEngine, **settings: Any) -> AsyncIterator[Scheduler]:
    """A scheduler that is closed at the end, after its engine is released."""
    made = scheduler(engine, **settings)
    try:
        yield made
    finally:
        engine.release()
        await made.close()


async def outputs(handle: JobHandle) -> list[str]:
    async with asyncio.timeout(30):
        return [outcome.generated.text for outcome in await handle.wait()]


def sample(
    registry: CollectorRegistry, name: str, model: str = "reversing", **labels: str
) -> float:
    return registry.get_sample_value(f"summsvc_{name}", {"model": model, **labels}) or 0.0


async def answer(made: Scheduler, *texts: str) -> None:
    asked = work(texts)
    outcomes = await made.submit(asked).wait()
    assert [outcome.generated.text for outcome in outcomes] == expected(asked)


async def stall(made: Scheduler, *texts: str) -> None:
    with pytest.raises(EngineStalledError):
        await made.submit(work(texts)).wait()
