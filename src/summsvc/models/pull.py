"""Pull: downloads a model from its source, converts it and installs it in the store.

Files are collected in a staging folder of the store. After an interrupted pull, the folder is
kept and the next pull resumes the download. All files are verified against the source's
hashes before the model is installed.
"""

from __future__ import annotations

import errno
import re
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

from summsvc.models.catalog import CatalogEntry
from summsvc.models.conversion.checkpoint import model_type
from summsvc.models.conversion.convert import converter
from summsvc.models.sources import hub
from summsvc.models.sources.errors import disk_error
from summsvc.models.sources.hub import RemoteFile
from summsvc.models.sources.release import Release, pinned
from summsvc.models.store.manifest import Manifest
from summsvc.models.store.store import Store

CONFIG_FILE = "config.json"

_FULL_HASH = re.compile(r"[0-9a-f]{40}([0-9a-f]{24})?")


def pull(
    entry: CatalogEntry,
    store: Store,
    *,
    engine: str = "auto",
    release: Release | None = None,
    mirror: str = "",
    on_downloaded: Callable[[], None] = lambda: None,
) -> Manifest:
    """Download a model and add it to the store.

    Nothing is downloaded when that version is already installed for that engine and intact.
    engine: as in ``converter``. release: a version other than the catalogued one. mirror: as in
    ``Connection``; the hub has its own environment variables. on_downloaded: called when all
    files are there and their conversion begins. Raises PullError, InvalidFieldError,
    ModelUnavailableError, StoreError.
    """
    if release is None and entry.files:
        release = pinned(entry)
    with store.pull_lock(entry.id) as staging:
        if release is not None:
            manifest = _installed(store, entry.id, release.source, release.revision, engine)
            manifest = manifest or _pull_release(
                entry, store, engine, staging, release, mirror, on_downloaded
            )
        else:
            manifest = _installed(store, entry.id, entry.repository, entry.revision, engine)
            manifest = manifest or _pull_repository(entry, store, engine, staging, on_downloaded)
        shutil.rmtree(staging, ignore_errors=True)
        return manifest


def _installed(store: Store, id: str, source: str, revision: str, engine: str) -> Manifest | None:
    """The installed model, if it is this version for this engine and intact."""
    manifest = store.get(id)
    if (
        manifest is None
        or not _FULL_HASH.fullmatch(revision)
        or (manifest.source, manifest.revision) != (source, revision)
        or engine not in ("auto", manifest.engine)
        or store.verify(id)
    ):
        return None
    return manifest


def _pull_release(
    entry: CatalogEntry,
    store: Store,
    engine: str,
    staging: Path,
    release: Release,
    mirror: str,
    on_downloaded: Callable[[], None],
) -> Manifest:
    # Loads the HTTP library, which only a download needs.
    from summsvc.models.sources import published
    from summsvc.models.sources.http import Connection

    if entry.architecture:
        converter(engine, entry.architecture)  # fails before anything is downloaded
    with Connection(entry, mirror) as connection:
        folder = published.download(entry, release, connection, staging)
    on_downloaded()
    return store.add(
        folder,
        entry.id,
        entry.task,
        entry=entry,
        source=release.source,
        revision=release.revision,
        convert=converter(engine, model_type(folder)),
    )


def _pull_repository(
    entry: CatalogEntry,
    store: Store,
    engine: str,
    staging: Path,
    on_downloaded: Callable[[], None],
) -> Manifest:
    """Pull from the hub.

    Only the configuration is downloaded when the model cannot be converted on this machine.
    """
    with hub.raise_pull_errors(entry, staging):
        revision, remote_files = hub.list_files(entry)
        names = [file.name for file in remote_files]
        for path in staging.iterdir():
            if path.is_dir():
                shutil.rmtree(path)
            elif path.name.removesuffix(hub.PART_SUFFIX) not in names:
                path.unlink()
        # This file alone determines whether the other files can be used.
        _download_missing(
            entry, revision, [file for file in remote_files if file.name == CONFIG_FILE], staging
        )
        convert = converter(engine, model_type(staging))
        _download_missing(entry, revision, remote_files, staging)
    on_downloaded()
    return store.add(
        staging,
        entry.id,
        entry.task,
        entry=entry,
        source=entry.repository,
        revision=revision,
        convert=convert,
        move=True,
    )


def _download_missing(
    entry: CatalogEntry, revision: str, remote_files: Sequence[RemoteFile], folder: Path
) -> None:
    missing = [file for file in remote_files if not file.matches(folder / file.name)]
    needed = hub.require_disk_space(entry, missing, folder)
    try:
        for file in missing:
            hub.download(entry, revision, file, folder)
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
        raise disk_error(entry, folder, error, needed) from error
