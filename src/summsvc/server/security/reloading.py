"""Files of the settings that are read again when they change, or on SIGHUP."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Protocol

import structlog

from summsvc.config import SettingsError

log = structlog.get_logger("summsvc.server")

PERIOD_S = 1.0
"""How often files are looked at. What is in them holds two looks later at most."""

Signature = tuple[tuple[int, ...] | None, ...]


class Source(Protocol):
    """Something that is read from files."""

    paths: tuple[Path, ...]

    def load(self) -> dict[str, object]:
        """Take what the files hold; raises SettingsError and keeps what it has."""


class Reloader:
    """Reads sources at the start and for as long as the process runs."""

    def __init__(self, sources: Sequence[Source | None]) -> None:
        self._watched = [_Watched(source) for source in sources if source and source.paths]
        self._asked = asyncio.Event()

    def load(self) -> None:
        """Read all for the first time; raises what the first at fault raises."""
        for each in self._watched:
            each.begin()

    def ask(self) -> None:
        """Have all read again now, changed or not."""
        self._asked.set()

    async def watch(self) -> None:
        """For good: read again what changes, beside the event loop."""
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(PERIOD_S):
                    await self._asked.wait()
            asked = self._asked.is_set()
            self._asked.clear()
            if asked:
                log.info("reading again", files=sum(len(each.paths) for each in self._watched))
            for each in self._watched:
                await asyncio.to_thread(each.look, asked)


class _Watched:
    """One source. A change is taken when a second look finds it the same.

    So a file that is being written, or a key whose certificate follows, is not read half.
    """

    def __init__(self, source: Source) -> None:
        self.paths = source.paths
        self._source = source
        self._loaded: Signature = ()
        self._seen: Signature = ()
        self._told: tuple[Signature, str] | None = None

    def begin(self) -> None:
        self._loaded = self._seen = _signature(self.paths)
        self._source.load()

    def look(self, asked: bool) -> None:
        now = _signature(self.paths)
        settled = now == self._seen
        self._seen = now
        if not asked and (now == self._loaded or not settled):
            return
        try:
            facts = self._source.load()
        except (OSError, SettingsError) as error:
            # Tried at each look, for what is not valid yet; told once.
            if asked or self._told != (now, str(error)):
                log.warning("kept as before", reason=str(error))
            self._told = now, str(error)
        else:
            self._loaded, self._told = now, None
            log.info("read again", **facts)


def _signature(paths: Sequence[Path]) -> Signature:
    """What changes when a file does, or a link on the way to it."""
    return tuple(_stat(path) for path in paths)


def _stat(path: Path) -> tuple[int, ...] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns
