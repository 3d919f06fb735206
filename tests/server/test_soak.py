"""Soak test: thousands of calls with every kind of outcome leave no memory behind."""

from __future__ import annotations

import asyncio
import os
import random
import re
import subprocess
import sys
import time
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from summsvc.client import AsyncClient, Client, SummsvcClientError
from summsvc.engines.base import Task
from summsvc.models.conversion.convert import convert
from summsvc.models.store.store import Store
from summsvc.types import Article
from tests.checkpoints import marian, pairs
from tests.process_memory import resident_mb

ROUNDS = 12
CALLS = 400
"""Calls in one round."""

CLIENTS = 8

MAX_GROWTH_MB = 12.0
"""Largest growth from the third round to the last one, for heap fragmentation."""


@dataclass
class Serving:
    """A server process, observed through /proc and its metrics."""

    address: str
    metrics: str
    pid: int

    def rss_mb(self) -> float:
        return resident_mb(self.pid)

    def threads_and_files(self) -> tuple[int, int]:
        process = Path(f"/proc/{self.pid}")
        return len(list((process / "task").iterdir())), len(list((process / "fd").iterdir()))

    def wait(self, condition: Callable[[], bool]) -> None:
        until = time.monotonic() + 60
        while not condition():
            assert time.monotonic() < until
            time.sleep(0.1)

    def sample(self, name: str) -> float:
        """The sum of a metric over its labels."""
        with urllib.request.urlopen(f"http://{self.metrics}/metrics") as answer:
            page = answer.read().decode()
        return sum(map(float, re.findall(rf"^{name}(?:{{.*}})? (\S+)$", page, re.M)))


@pytest.fixture
def serving(tmp_path: Path) -> Iterator[Serving]:
    """A server with the en-ru checkpoint in int8 and a small cache."""
    store = Store(tmp_path / "models")
    store.add(
        marian("en-ru"),
        "soak",
        Task.TRANSLATION,
        [("en", "ru")],
        convert=lambda spec, target: convert(spec.path, target),
    )
    log = tmp_path / "log"
    settings = {"PORT": "0", "METRICS_PORT": "0", "CACHE_BYTES": "500000", "TEXT_THREADS": "2"}
    settings["MODEL_DIR"] = str(store.root)
    with log.open("w") as stream:
        process = subprocess.Popen(
            [sys.executable, "-c", "from summsvc.cli import main; main()", "serve"],
            env=os.environ | {f"SUMMSVC_{name}": value for name, value in settings.items()},
            stdout=subprocess.PIPE,
            stderr=stream,
            text=True,
        )
    assert process.stdout is not None
    listening = re.match(r"listening on (\S+)", process.stdout.readline())
    assert listening, log.read_text()
    port = re.search(r'"metrics_port": ?(\d+)', log.read_text())
    assert port
    serving = Serving(listening[1], f"127.0.0.1:{port[1]}", process.pid)
    with Client(serving.address) as client:
        serving.wait(lambda: client.health("summsvc.v1.TranslationService") == "SERVING")
    yield serving
    process.terminate()
    assert process.wait(60) == 0
    process.stdout.close()


async def call(client: AsyncClient, chooser: random.Random, fates: Counter[str]) -> None:
    """Make one call with a random outcome."""
    known = [source for source, _ in pairs("en-ru")]
    sentences = chooser.choices(known, k=chooser.choice((1, 1, 1, 12)))
    # Most texts are not in the cache.
    sentences.append(f"The mayor paid {chooser.randrange(10**6)} euros.")
    article = Article(title=sentences[0], body=" ".join(sentences), language="en")
    fate = chooser.choice(("answered", "summary", "left", "cancelled", "too late", "bad"))
    with suppress(SummsvcClientError, asyncio.CancelledError):
        if fate == "answered":
            await client.translate(article, "ru")
        elif fate == "summary":
            await client.summarize(article, max_sentences=2)
        elif fate == "left":
            events = client.stream_translate(article, "ru")
            async for _ in events:
                break
            await events.aclose()  # type: ignore[attr-defined]
        elif fate == "cancelled":
            task = asyncio.create_task(client.translate(article, "ru"))
            await asyncio.sleep(chooser.random() / 50)
            task.cancel()
            await task
        elif fate == "too late":
            await client.translate(article, "ru", timeout=0.005)
        else:
            await client.translate(Article(title="", body="\x00"), "ru")
    fates[fate] += 1


@pytest.mark.slow
@pytest.mark.timeout(900)
async def test_memory_is_bounded_over_thousands_of_calls(serving: Serving) -> None:
    chooser, fates = random.Random(9), Counter[str]()
    sizes: list[float] = []
    steady = (0, 0)
    async with AsyncClient(serving.address) as client:

        async def one_of_many() -> None:
            for _ in range(CALLS // CLIENTS):
                await call(client, chooser, fates)

        for number in range(ROUNDS):
            await asyncio.gather(*(one_of_many() for _ in range(CLIENTS)))
            sizes.append(serving.rss_mb())
            if number == 2:
                steady = serving.threads_and_files()
    # The last cancelled calls may still be in a batch.
    serving.wait(lambda: not serving.sample("summsvc_calls_in_flight"))
    print(f"{dict(fates)}; MB after each {CALLS} calls: {[round(size, 1) for size in sizes]}")
    assert min(fates.values()) > ROUNDS * CALLS / 10
    assert serving.sample("summsvc_abandoned_segments_total") > 0
    assert serving.sample("summsvc_queued_tokens") == 0
    assert sizes[-1] - sizes[2] < MAX_GROWTH_MB
    threads, files = serving.threads_and_files()
    assert threads <= steady[0] + 1
    assert files <= steady[1] + 1
