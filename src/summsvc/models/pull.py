"""Models from the hub into the store.

Files are gathered in a folder of the store that outlives a killed pull, go on
where they ended, and are compared with the hashes the hub has of them before
anything is installed.
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

CONFIG = "config.json"

_FULL_HASH = re.compile(r"[0-9a-f]{40}")


def pull(entry: CatalogEntry, store: Store, *, engine: str = "auto") -> Manifest:
    """Fetch a model at its catalogued revision and add it to the store.

    Nothing is fetched when that revision is installed for that engine and
    whole, and nothing but the configuration when it cannot be converted here.
    engine: as in ``converter``. Raises PullError, InvalidFieldError,
    ModelUnavailableError, StoreError.
    """
    with store.pulling(entry.id) as folder:
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
        with hub.told_as_pull_errors(entry, folder):
            revision, wanted = hub.listing(entry)
            names = [file.name for file in wanted]
            for path in folder.iterdir():
                if path.name.removesuffix(hub.PART) not in names:
                    path.unlink()
            # What the rest is good for is known from this file alone.
            _fetch(entry, revision, [file for file in wanted if file.name == CONFIG], folder)
            how = converter(engine, model_type(folder), names)
            _fetch(entry, revision, wanted, folder)
        manifest = store.add(
            folder,
            entry.id,
            entry.task,
            entry=entry,
            source=entry.repository,
            revision=revision,
            convert=how,
            move=True,
        )
        shutil.rmtree(folder, ignore_errors=True)
        return manifest


def _fetch(entry: CatalogEntry, revision: str, wanted: Sequence[RemoteFile], folder: Path) -> None:
    missing = [file for file in wanted if not file.is_at(folder / file.name)]
    hub.check_room(entry, missing, folder)
    for file in missing:
        hub.download(entry, revision, file, folder)
