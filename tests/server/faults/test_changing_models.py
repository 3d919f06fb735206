"""Models are removed, put back and unloaded while calls of all kinds run and are cancelled."""

from __future__ import annotations

import asyncio
import random
import shutil
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import grpc
import pytest

from bench.soak.calls import Caller, Outcome
from bench.soak.server import fill
from summsvc.config import Settings
from summsvc.models.store.store import Store
from tests.running import running

CALLERS = 6
PATIENCE_S = 60.0

EXPECTED = {
    "OK",
    "CANCELLED",
    "DEADLINE_EXCEEDED",
    "INVALID_ARGUMENT",
    # The model is removed.
    "FAILED_PRECONDITION",
    # The model is being unloaded.
    "UNAVAILABLE",
}
"""Statuses of calls while the models change; INTERNAL and UNKNOWN would be defects."""


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with the models of a soak: "ru", the student "idle", and "extra"."""
    root = tmp_path_factory.mktemp("changing") / "store"
    fill(root)
    return root


@contextmanager
def changes(root: Path) -> Iterator[None]:
    """Remove the model "extra" and put it back, over and over, in a thread."""
    store, stop, kept = Store(root), threading.Event(), root.parent / "kept"
    shutil.copytree(root / "extra", kept)
    chooser = random.Random(3)

    def change() -> None:
        while not stop.wait(chooser.uniform(0, 0.06)):
            if (root / "extra").exists():
                store.remove("extra")
            else:
                shutil.copytree(kept, root / ".adding-extra")
                (root / ".adding-extra").rename(root / "extra")

    thread = threading.Thread(target=change)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


async def visit(caller: Caller, chooser: random.Random) -> Outcome:
    """Call a model that comes and goes; one of three callers leaves."""
    model = chooser.choice(("extra", "extra", "idle"))
    calling = asyncio.ensure_future(caller.visit("lt", model))
    if chooser.random() < 1 / 3:
        await asyncio.wait([calling], timeout=chooser.uniform(0, 0.03))
        calling.cancel()
    return await calling


async def calls(address: str, seed: int, until: float, outcomes: Counter[tuple[str, str]]) -> None:
    """Make calls until a time, and until some of each kind were answered."""
    chooser = random.Random(seed)
    options = [("grpc.use_local_subchannel_pool", 1)]
    async with grpc.aio.insecure_channel(address, options=options) as channel:
        caller = Caller(channel, chooser)
        wanted = [("visit", "OK"), ("visit", "FAILED_PRECONDITION"), ("answered", "OK")]
        while time.monotonic() < until or not all(outcomes[each] for each in wanted):
            many = chooser.random() < 0.7
            outcome = await (visit(caller, chooser) if many else caller.call())
            outcomes[outcome.fate, outcome.status] += 1
            assert outcome.status in EXPECTED, outcome


async def change_while_calling(filled: Path, folder: Path, seconds: float) -> None:
    root = folder / "store"
    shutil.copytree(filled, root)
    settings = Settings(
        port=0,
        metrics_port=-1,
        model_dir=root,
        preload=["ru"],
        idle_unload_s=0.05,
        text_threads=3,
        default_models={"en-ru": "ru"},
    )
    outcomes = Counter[tuple[str, str]]()
    with running(settings) as server:
        await asyncio.to_thread(server.wait_until_ready)
        until = time.monotonic() + seconds
        with changes(root):
            async with asyncio.timeout(seconds + PATIENCE_S), asyncio.TaskGroup() as group:
                for seed in range(CALLERS):
                    group.create_task(calls(server.address, seed, until, outcomes))
        assert server.codes().keys() <= EXPECTED


async def test_no_call_fails_by_a_race(filled: Path, tmp_path: Path) -> None:
    await change_while_calling(filled, tmp_path, 2.0)


@pytest.mark.slow
async def test_no_call_fails_by_a_race_in_many(filled: Path, tmp_path: Path) -> None:
    await change_while_calling(filled, tmp_path, 30.0)
