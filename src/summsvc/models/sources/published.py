"""Download of all files of a release into a staging folder."""

from __future__ import annotations

import shutil
from pathlib import Path

from summsvc.models.catalog import CatalogEntry
from summsvc.models.sources.download import Download
from summsvc.models.sources.errors import disk_error, require_free_space
from summsvc.models.sources.http import Connection
from summsvc.models.sources.release import Release

PACKED_FOLDER = "packed"
UNPACKED_FOLDER = "model"


def download(entry: CatalogEntry, release: Release, connection: Connection, staging: Path) -> Path:
    """Download the files of a release; returns the folder that holds them without gzip.

    staging: folder in which incomplete files are kept for the next pull. Raises PullError.
    """
    needed = 0
    packed, unpacked = staging / PACKED_FOLDER, staging / UNPACKED_FOLDER
    try:
        names = {file.name for _, file in release.files}
        for path in staging.iterdir():
            if path.name != PACKED_FOLDER:
                shutil.rmtree(path) if path.is_dir() else path.unlink()
        packed.mkdir(exist_ok=True)
        unpacked.mkdir()
        for path in packed.iterdir():
            if path.name.removesuffix(".json") not in names:
                path.unlink()
        needed = sum(file.size + file.unpacked_size for _, file in release.files)
        there = sum(path.stat().st_size for path in packed.iterdir())
        needed -= there
        require_free_space(entry, needed, shutil.disk_usage(staging).free, staging)
        downloads = Download(entry, connection, packed, unpacked)
        for url, file in release.files:
            downloads.fetch(url, file)
    except OSError as error:
        raise disk_error(entry, staging, error, needed) from error
    return unpacked
