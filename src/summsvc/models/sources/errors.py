"""Errors of downloads, and the commands that their messages name."""

from __future__ import annotations

import errno
from pathlib import Path

from summsvc.models.catalog import CatalogEntry


class PullError(Exception):
    """A model could not be downloaded; the message says why and how to resolve it."""


def retry_command(entry: CatalogEntry) -> str:
    """The end of a message: the command that repeats the pull."""
    return f"try again with: summsvc models pull {entry.id}"


def disk_error(entry: CatalogEntry, folder: Path, error: OSError, needed: int = 0) -> PullError:
    """The PullError for an OSError of a download into ``folder``.

    needed: bytes that the download needed when it began, 0 for unknown.
    """
    if error.errno == errno.ENOSPC:
        needs = f"; the download needs {needed / 1e6:,.1f} MB" if needed else ""
        return PullError(
            f"{entry.id}: the disk of {folder.parent} is full{needs}; free some space, then "
            f"{retry_command(entry)}"
        )
    return PullError(f"{entry.id}: {error}; {retry_command(entry)}")


def require_free_space(entry: CatalogEntry, needed: int, free: int, folder: Path) -> None:
    """Raise PullError when fewer bytes are free on the disk of ``folder`` than are needed."""
    if needed > free:
        raise PullError(
            f"{entry.id}: the download needs {needed / 1e6:,.0f} MB, but {free / 1e6:,.0f} MB are "
            f"free on the disk of {folder.parent}; free some space or set SUMMSVC_MODEL_DIR"
        )
