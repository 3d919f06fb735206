"""Comparison of a folder with the published files of a catalog entry."""

from __future__ import annotations

from pathlib import Path

from summsvc.errors import InvalidFieldError
from summsvc.models.catalog import CatalogEntry, PublishedFile
from summsvc.models.sources.part import READ_BYTES
from summsvc.models.sources.unpacking import DamagedFileError, Unpacking


def compare(entry: CatalogEntry, folder: Path) -> list[str]:
    """Compare the files in a folder, packed or not, with the hashes of the catalog.

    Returns the names of unpacked files for which the catalog has no hash. Raises
    InvalidFieldError when a file is missing or differs.
    """
    not_compared: list[str] = []
    for file in entry.files:
        unpacked = PublishedFile(
            name=file.unpacked_name, size=file.unpacked_size, sha256=file.unpacked_sha256
        )
        present = [each for each in (file, unpacked) if (folder / each.name).is_file()]
        if not present:
            names = file.unpacked_name + (f" or {file.name}" if file.packed else "")
            raise InvalidFieldError(
                f"{folder} has no {names}, which '{entry.id}' consists of", field="directory"
            )
        for each in present:
            _compare_file(entry, folder, each)
        if file not in present and not unpacked.sha256:
            not_compared.append(unpacked.name)
    return not_compared


def _compare_file(entry: CatalogEntry, folder: Path, file: PublishedFile) -> None:
    unpacking = Unpacking(file, None)
    try:
        with (folder / file.name).open("rb") as stream:
            while chunk := stream.read(READ_BYTES):
                unpacking.feed(chunk)
        unpacking.check()
    except DamagedFileError as error:
        raise InvalidFieldError(
            f"{file.name} in {folder} {error}: it is not the file that the catalog has for "
            f"'{entry.id}'. Install another version under another id: summsvc models add "
            f"{folder} --id ID --like {entry.id}",
            field="directory",
        ) from error
    except OSError as error:
        raise InvalidFieldError(
            f"{file.name} cannot be read: {error}", field="directory"
        ) from error
