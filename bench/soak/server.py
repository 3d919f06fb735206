"""The server of a soak: its models, which come and go, and its usage of the machine."""

from __future__ import annotations

import re
import shutil
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median

from bench.serve.servers import Process, served
from bench.soak.results import Usage
from summsvc.engines.base import Task
from summsvc.models.conversion.convert import convert
from summsvc.models.conversion.students.convert import convert as convert_student
from summsvc.models.store.store import Store
from tests.checkpoints import marian, student
from tests.process_memory import resident_mb

SETTINGS = {
    "cache_bytes": "500000",
    "idle_unload_s": "3",
    "preload": "ru",
    "text_threads": "2",
    "default_models": "en-ru=ru",
}
"""A model that is called every ``VISIT_S`` seconds is unloaded in between."""

VISITED = [("lt", "idle"), ("lt", "extra")]
"""Models that are unloaded when idle; the second is removed and added again meanwhile."""

CHANGE_S = 20.0
"""Seconds between two changes of the store."""


def fill(root: Path) -> None:
    """A store with a Marian model and a student, and a Marian model that is removed at times."""
    store = Store(root)
    add_marian(store, "ru", "en-ru")
    store.add(
        student("en-lt"),
        "idle",
        Task.TRANSLATION,
        [("en", "lt")],
        convert=lambda spec, target: convert_student(spec.path, target),
    )
    add_marian(store, "extra", "en-lt")


def add_marian(store: Store, id: str, pair: str) -> None:
    """Add the trained checkpoint of a pair in int8, converted for CTranslate2."""
    source, _, target = pair.partition("-")
    store.add(
        marian(pair),
        id,
        Task.TRANSLATION,
        [(source, target)],
        convert=lambda spec, folder: convert(spec.path, folder),
    )


@contextmanager
def changes(root: Path) -> Iterator[None]:
    """Remove a model from the store and add it again, in a thread, until the block ends."""
    store, stop = Store(root), threading.Event()

    def change() -> None:
        while not stop.wait(CHANGE_S):
            if store.get("extra") is None:
                add_marian(store, "extra", "en-lt")
            else:
                store.remove("extra")

    thread = threading.Thread(target=change)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


class Watched:
    """A server process, observed through /proc, its metrics and its count of tasks."""

    def __init__(self, process: Process, tasks: Path) -> None:
        self.address = process.address
        self._process = process
        self._tasks = tasks

    def usage(self) -> Usage:
        """The usage at this moment."""
        folder = Path(f"/proc/{self._process.pid}")
        tasks = self._tasks.read_text() if self._tasks.is_file() else ""
        return Usage(
            round(resident_mb(self._process.pid), 1),
            len(list((folder / "fd").iterdir())),
            len(list((folder / "task").iterdir())),
            int(tasks or 0),
        )

    def loads(self) -> int:
        """Number of times that a model was loaded so far."""
        return self._process.log().count('"model ready"')

    def idle_usage(self) -> Usage:
        """The usage when no call is left and idle models are unloaded."""
        until = time.monotonic() + 60
        while self._in_flight() and time.monotonic() < until:
            time.sleep(0.5)
        # Models become idle, closed connections are noticed.
        time.sleep(float(SETTINGS["idle_unload_s"]) + 5)
        return typical([self.usage()])

    def _in_flight(self) -> float:
        page = self._process.scraped()
        return sum(map(float, re.findall(r"^summsvc_calls_in_flight(?:{.*})? (\S+)$", page, re.M)))


class Watch:
    """Samples of a server's usage, one a second, in a thread."""

    def __init__(self, server: Watched) -> None:
        self._server = server
        self._samples: list[Usage] = []
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._sample)

    def __enter__(self) -> Watch:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def take(self) -> Usage:
        """Medians of the samples since the last call."""
        samples, self._samples = self._samples, []
        return typical(samples or [self._server.usage()])

    def _sample(self) -> None:
        while not self._stop.wait(1.0):
            self._samples.append(self._server.usage())


def typical(samples: list[Usage]) -> Usage:
    """The median of each figure."""
    return Usage(
        median(each.rss_mb for each in samples),
        *(
            int(median(getattr(each, name) for each in samples))
            for name in ("fds", "threads", "tasks")
        ),
    )


@contextmanager
def watched() -> Iterator[tuple[Watched, Path]]:
    """Run the server of a soak; yields it and the folder of its store."""
    work = Path(tempfile.mkdtemp(prefix="soak-"))
    try:
        root, tasks = work / "models", work / "tasks"
        fill(root)
        settings = SETTINGS | {"model_dir": str(root)}
        with served("summsvc", "trained", settings, ("bench.soak.counted", str(tasks))) as server:
            yield Watched(server.processes[0], tasks), root
    finally:
        shutil.rmtree(work)
