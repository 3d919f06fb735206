"""The model folder is removed while calls are in full flow, and put back."""

from __future__ import annotations

import shutil
from pathlib import Path

from summsvc.config import Settings
from tests.running import running
from tests.server.faults.clients import flow

NOT_INSTALLED = "FAILED_PRECONDITION, MODEL_NOT_INSTALLED"


async def test_a_removed_model_is_reported_and_works_again_when_it_is_back(
    tmp_path: Path, model_dir: Path
) -> None:
    store, kept = tmp_path / "store", tmp_path / "kept"
    shutil.copytree(model_dir, store)
    settings = Settings(port=0, metrics_port=-1, model_dir=store, preload=["opus-en-ru"])
    with running(settings) as server:
        server.wait_until_ready()
        async with flow(server.address, 16, give_up=False) as calls:
            await calls.reaches(50)
            shutil.copytree(store / "opus-en-ru", kept)
            shutil.rmtree(store / "opus-en-ru")
            await calls.reaches(10, NOT_INSTALLED)
            # Summaries need no model.
            await calls.reaches(50)
            shutil.copytree(kept, store / "opus-en-ru")
            before = calls.translated
            await calls.until(lambda: calls.translated > before + 10)
    assert calls.outcomes.keys() <= {
        "OK",
        NOT_INSTALLED,
        # The folder without some of its files, or without its manifest.
        "FAILED_PRECONDITION, MODEL_BROKEN",
        "UNAVAILABLE, MODEL_LOADING",
    }
