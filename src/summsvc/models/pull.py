"""Pull: downloads a model from the hub, converts it and installs it in the store.

Files are collected in a staging folder of the store. After an interrupted pull, the folder is
kept and the next pull resumes the download. All files are verified against the hub's
hashes before the model is installed.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Sequence
from pathlib import Path

from summsvc.models import hub
from summsvc.models.catalog import CatalogEntry
from summsvc.models.conversion.checkpoint import model_type
from summsvc.models.conversion.convert import converter
from summsvc.models.hub import RemoteFile
from summsvc.models.store.manifest import Manifest
from summsvc.models.store.store import Store

CONFIG_FILE = "config.json"

_FULL_HASH = re.compile(r"[0-9a-f]{40}")


def pull(entry: CatalogEntry, store: Store, *, engine: str = "auto") -> Manifest:
    """Download a model at its catalogued revision and add it to the store.

    Nothing is downloaded when that revision is already installed for that engine and intact.
    Only the configuration is downloaded when the model cannot be converted on this machine.
    engine: as in ``converter``. Raises PullError, InvalidFieldError, ModelUnavailableError,
    StoreError.
    """
    with store.pull_lock(entry.id) as folder:
        installed = store.get(entry.id)
        if (
            installed is not None
            and _FULL_HASH.fullmatch(entry.revision)
            and (installed.source, installed.revision) == (entry.repository, entry.revision)
            and engine in ("auto", installed.engine)
            and not store.verify(entry.id)
        ):
            shutil.rmtree(folder, ignore_errors=True)
            return installed
        with hub.raise_pull_errors(entry, folder):
            revision, remote_files = hub.list_files(entry)
            names = [file.name for file in remote_files]
            for path in folder.iterdir():
                if path.name.removesuffix(hub.PART_SUFFIX) not in names:
                    path.unlink()
            # This file alone determines whether the other files can be used.
            _download_missing(
                entry, revision, [file for file in remote_files if file.name == CONFIG_FILE], folder
            )
            convert = converter(engine, model_type(folder), names)
            _download_missing(entry, revision, remote_files, folder)
        manifest = store.add(
            folder,
            entry.id,
            entry.task,
            entry=entry,
            source=entry.repository,
            revision=revision,
            convert=convert,
            move=True,
        )
        shutil.rmtree(folder, ignore_errors=True)
        return manifest


def _download_missing(
    entry: CatalogEntry, revision: str, remote_files: Sequence[RemoteFile], folder: Path
) -> None:
    missing = [file for file in remote_files if not file.matches(folder / file.name)]
    hub.require_disk_space(entry, missing, folder)
    for file in missing:
        hub.download(entry, revision, file, folder)
