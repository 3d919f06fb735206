"""The system's clock jumps by a day: no call, deadline or limit depends on it."""

from __future__ import annotations

import ast
import asyncio
import shutil
import subprocess
from datetime import datetime, timedelta
from pathlib import Path

import pytest

import summsvc
from tests.server.faults.clients import flow
from tests.server.process import serving

DAY_S = 86_400

WALL_CLOCK = {
    # The time of a response's header Retry-After is a date.
    "models/sources/http.py",
    # Validity of a certificate is two dates.
    "server/security/certificates.py",
    # The date of an installation is a date.
    "models/store/store.py",
}
"""Modules that may read the system's clock."""

OF_TIME = {"time", "time_ns", "localtime", "gmtime", "CLOCK_REALTIME"}
OF_DATES = {"now", "utcnow", "today"}


def reads_the_wall_clock(path: Path) -> bool:
    """Whether a module calls ``time.time`` or ``datetime.now`` and their relatives."""
    attributes = [
        node
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Attribute) and node.attr in OF_TIME | OF_DATES
    ]
    return any(node.attr in OF_DATES or ast.unparse(node.value) == "time" for node in attributes)


def test_only_dates_are_read_from_the_wall_clock() -> None:
    root = Path(summsvc.__file__).parent
    found = {
        path.relative_to(root).as_posix()
        for path in root.rglob("*.py")
        if reads_the_wall_clock(path)
    }
    assert found == WALL_CLOCK


@pytest.fixture
def shift(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file with the seconds by which the clock of processes that start now is shifted."""
    compiler = shutil.which("cc")
    if compiler is None:
        pytest.skip("no C compiler for the preloaded clock")
    library, path = tmp_path / "clock.so", tmp_path / "shift"
    source = Path(__file__).with_name("shifted_clock.c")
    subprocess.run([compiler, "-shared", "-fPIC", "-o", library, source, "-ldl"], check=True)
    path.write_bytes(bytes(8))
    monkeypatch.setenv("LD_PRELOAD", str(library))
    monkeypatch.setenv("CLOCK_SHIFT", str(path))
    return path


@pytest.mark.slow
async def test_calls_are_answered_while_the_clock_jumps(
    tmp_path: Path, model_dir: Path, shift: Path
) -> None:
    flags = ("--model-dir", str(model_dir), "--preload", "opus-en-ru", "--log-format", "json")
    with serving(tmp_path, *flags) as server:
        await asyncio.to_thread(server.wait_until_ready)
        async with flow(server.address, 8) as calls:
            for jump_s in (0, DAY_S, -DAY_S, 0):
                with shift.open("r+b") as file:
                    file.write(jump_s.to_bytes(8, "little", signed=True))
                await calls.reaches(40)
        server.signal()
        assert await asyncio.to_thread(server.code) == 0
        logged = [datetime.fromisoformat(line["timestamp"]) for line in server.log("call")]
    assert calls.outcomes.keys() == {"OK"}
    # The jump was real: the log has the time of the system.
    assert max(logged) - min(logged) > timedelta(days=1.9)
