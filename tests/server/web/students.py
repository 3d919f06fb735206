"""A model store with the small student models from English, under the ids of the catalogue."""

from __future__ import annotations

from pathlib import Path

from summsvc.engines.base import Task
from summsvc.models.catalog import Catalog
from summsvc.models.conversion.convert import convert_and_verify_student
from summsvc.models.store.store import Store
from tests.checkpoints import student


def student_store(folder: Path, *targets: str) -> Path:
    """Install the models into ``targets`` in a folder; return it."""
    store, catalog = Store(folder), Catalog.load()
    for target in targets:
        id = f"firefox-en-{target}"
        store.add(
            student(f"en-{target}"),
            id,
            Task.TRANSLATION,
            entry=catalog.get(id),
            convert=convert_and_verify_student,
        )
    return store.root
