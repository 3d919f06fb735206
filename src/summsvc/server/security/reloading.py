"""Reload of certificate and token files when they change, or on SIGHUP."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Protocol

import structlog

from summsvc.config import SettingsError

log = structlog.get_logger("summsvc.server")

FILE_POLL_S = 1.0
"""Seconds between polls of the files. A change takes effect after at most two polls."""

Signature = tuple[tuple[int, ...] | None, ...]
"""For each file its identity, size and times; None for a missing file."""


class ReloadableFiles(Protocol):
    """An object whose state is loaded from files."""

    paths: tuple[Path, ...]

    def load(self) -> dict[str, object]:
        """Load the files; raises SettingsError and keeps the loaded state."""


class Reloader:
    """Loads files at startup and reloads them while the process runs."""

    def __init__(self, sources: Sequence[ReloadableFiles | None]) -> None:
        self._watched = [_Watched(source) for source in sources if source and source.paths]
        self._requested = asyncio.Event()

    def load(self) -> None:
        """Load all files for the first time; raises the error of the first invalid one."""
        for watched in self._watched:
            watched.load()

    def request_reload(self) -> None:
        """Reload all files now, changed or not."""
        self._requested.set()

    async def watch(self) -> None:
        """Reload changed files until cancelled; files are read in a thread."""
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(FILE_POLL_S):
                    await self._requested.wait()
            requested = self._requested.is_set()
            self._requested.clear()
            if requested:
                log.info("reload requested", files=sum(len(each.paths) for each in self._watched))
            for watched in self._watched:
                await asyncio.to_thread(watched.reload, requested)


class _Watched:
    """Files of one object. A change is loaded once two polls in a row find the same state.

    Therefore a partially written file, or a key that is replaced before its certificate, is
    not loaded.
    """

    def __init__(self, source: ReloadableFiles) -> None:
        self.paths = source.paths
        self._source = source
        self._loaded: Signature = ()
        self._seen: Signature = ()
        self._logged_failure: tuple[Signature, str] | None = None

    def load(self) -> None:
        self._loaded = self._seen = _signature(self.paths)
        self._source.load()

    def reload(self, requested: bool) -> None:
        now = _signature(self.paths)
        settled = now == self._seen
        self._seen = now
        if not requested and (now == self._loaded or not settled):
            return
        try:
            facts = self._source.load()
        except (OSError, SettingsError) as error:
            # Retried at each poll, because a certificate may become valid; logged once.
            if requested or self._logged_failure != (now, str(error)):
                log.warning("reload failed, previous files stay in use", reason=str(error))
            self._logged_failure = now, str(error)
        else:
            self._loaded, self._logged_failure = now, None
            log.info("files reloaded", **facts)


def _signature(paths: Sequence[Path]) -> Signature:
    """Signature of files, which changes with a file or a symbolic link to it."""
    return tuple(_stat(path) for path in paths)


def _stat(path: Path) -> tuple[int, ...] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns
