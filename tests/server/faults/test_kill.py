"""SIGKILL while a server serves and while a model is installed; then the same is started again."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from summsvc.models.store.store import Store
from tests.checkpoints import marian
from tests.models.folders import left_over
from tests.running import free_ports
from tests.server.faults.clients import NOT_SENT, flow
from tests.server.process import serving

CALLERS = 16


@pytest.mark.slow
async def test_a_killed_server_starts_again_on_its_port(tmp_path: Path, model_dir: Path) -> None:
    (port,) = free_ports(1)
    flags = ("--model-dir", str(model_dir), "--preload", "opus-en-ru", "--port", str(port))
    with serving(tmp_path, *flags) as server:
        await asyncio.to_thread(server.wait_until_ready)
        async with flow(server.address, CALLERS, give_up=False) as calls:
            await calls.reaches(50)
            server.signal(signal.SIGKILL)
            await calls.reaches(CALLERS, NOT_SENT)
            assert await asyncio.to_thread(server.code) == -signal.SIGKILL
            (tmp_path / "again").mkdir()
            with serving(tmp_path / "again", *flags) as again:
                await asyncio.to_thread(again.wait_until_ready)
                before = calls.translated
                await calls.until(lambda: calls.translated > before + 20)
                calls.stopped.set()
                await calls.until(lambda: calls.outcomes.total() == calls.begun)
                again.signal()
                assert await asyncio.to_thread(again.code) == 0
    assert all(outcome.startswith(("OK", "UNAVAILABLE")) for outcome in calls.outcomes)
    store = Store(model_dir)
    assert [store.verify(id) for id in store.ids()] == [[], []]


@pytest.mark.slow
def test_a_killed_installation_leaves_nothing_and_is_repeated(tmp_path: Path) -> None:
    store = Store(tmp_path / "store")
    command = [sys.executable, "-c", "from summsvc.cli import main; main()", "models", "add"]
    command += [str(marian("en-ru")), "--id", "opus-en-ru"]
    environment = os.environ | {"SUMMSVC_MODEL_DIR": str(store.root)}
    killed = subprocess.Popen(command, env=environment, stderr=subprocess.PIPE)
    until = time.monotonic() + 60
    # The conversion has begun when it has written something.
    while not any(store.root.glob(".adding-*/*")):
        assert time.monotonic() < until
        assert killed.poll() is None, killed.communicate()
        time.sleep(0.002)
    killed.send_signal(signal.SIGKILL)
    killed.communicate()
    assert store.ids() == []
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert store.verify("opus-en-ru") == []
    assert left_over(store) == ["opus-en-ru"]
