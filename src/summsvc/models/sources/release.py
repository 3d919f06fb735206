"""A release: the published files of one model, and where they are served."""

from __future__ import annotations

from dataclasses import dataclass

from summsvc.models.catalog import CatalogEntry, PublishedFile


@dataclass(frozen=True, slots=True)
class Release:
    """One version of a model that is published as files.

    source, revision: as the manifest of the installed model has them; revision identifies the
    files and is "" when nothing does. files: each with its address.
    """

    source: str
    revision: str
    files: tuple[tuple[str, PublishedFile], ...]

    @property
    def size_bytes(self) -> int:
        """Size of the download; 0 when a file's size is not known."""
        sizes = [file.size for _, file in self.files]
        return sum(sizes) if all(sizes) else 0


def pinned(entry: CatalogEntry) -> Release:
    """The release that a catalog entry with ``files`` names."""
    return Release(
        entry.base_url,
        entry.revision,
        tuple((f"{entry.base_url}/{file.name}", file) for file in entry.files),
    )
