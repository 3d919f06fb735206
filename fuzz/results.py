"""Results of fuzz runs: executions and seconds per target, and the inputs that failed."""

from __future__ import annotations

import hashlib
import json
import os
import time
import traceback
from dataclasses import dataclass, field
from pathlib import Path

FOLDER = Path(os.environ.get("SUMMSVC_FUZZ_FOLDER", "build/fuzz"))
"""Where runs write counts, findings and the inputs that reach new code."""

SAVE_SECONDS = 2.0


@dataclass(slots=True)
class Run:
    """One run of a target in one process. executions, seconds: so far."""

    target: str
    executions: int = 0
    findings: int = 0
    started: float = field(default_factory=time.monotonic)
    _saved: float = 0.0
    _known: set[str] = field(default_factory=set)

    @property
    def seconds(self) -> float:
        """Seconds since the run was started."""
        return time.monotonic() - self.started

    def save(self, *, now: bool = False) -> None:
        """Write the counts, at most every ``SAVE_SECONDS``."""
        if not now and time.monotonic() - self._saved < SAVE_SECONDS:
            return
        self._saved = time.monotonic()
        facts = {
            "target": self.target,
            "executions": self.executions,
            "seconds": round(self.seconds, 1),
            "findings": self.findings,
        }
        folder = FOLDER / "counts"
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{self.target}-{int(time.time() - self.seconds)}-{os.getpid()}.json"
        partial = path.with_suffix(".part")
        partial.write_text(json.dumps(facts) + "\n", "utf-8")
        partial.replace(path)

    def report(self, data: bytes, error: BaseException) -> None:
        """Write an input that failed and the traceback, once for each place that raises."""
        frames = traceback.extract_tb(error.__traceback__)
        own = [frame for frame in frames if "/summsvc/" in frame.filename]
        place = f"{(own or frames)[-1].filename}:{(own or frames)[-1].lineno}"
        check = f"{frames[-1].filename}:{frames[-1].lineno}"
        key = hashlib.sha256(f"{type(error).__name__} {place} {check}".encode()).hexdigest()[:10]
        if key in self._known:
            return
        self._known.add(key)
        self.findings += 1
        folder = FOLDER / "findings"
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{self.target}-{key}"
        if not path.exists() or path.stat().st_size > len(data):
            path.write_bytes(data)
            text = "".join(traceback.format_exception(error))
            path.with_suffix(".txt").write_text(text, "utf-8", "backslashreplace")
        print(f"{path}: {type(error).__name__}: {str(error)[:200]!r}", flush=True)
        self.save(now=True)


def totals() -> dict[str, dict[str, float]]:
    """Executions, seconds and findings of all runs in ``FOLDER``, by target."""
    found: dict[str, dict[str, float]] = {}
    for path in sorted((FOLDER / "counts").glob("*.json")):
        facts = json.loads(path.read_text("utf-8"))
        total = found.setdefault(facts["target"], {"executions": 0, "seconds": 0, "findings": 0})
        for name in total:
            total[name] += facts[name]
    return found
