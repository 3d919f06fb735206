"""Store of installed models: one folder per model, with a manifest.

Readers need no lock, and a read-only store can be served; for writers see ``locking``. A
server refreshes its snapshot once a second, and before it rejects a request because a model
is missing. It refreshes in a thread, so a slow disk does not block other requests.
"""

from __future__ import annotations

import datetime
import os
import re
import shutil
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock
from pydantic import ValidationError

from summsvc.engines.base import ModelSpec, Task
from summsvc.errors import InvalidFieldError, ModelBrokenError, ModelNotInstalledError
from summsvc.models.catalog import ID_PATTERN, CatalogEntry, License, Pair
from summsvc.models.conversion.checkpoint import describe
from summsvc.models.store import files, locking
from summsvc.models.store.manifest import MANIFEST_FILE, FileFacts, Manifest, fingerprints
from summsvc.models.store.snapshot import Snapshot

STAGING_PREFIX = ".pulling-"
"""Prefix of the folders of incomplete downloads, which are kept so that a pull can resume."""

Convert = Callable[[ModelSpec, Path], Mapping[str, str]]
"""Converts a checkpoint to an engine's files in a target folder; returns how it was converted."""


class Store:
    """A folder of installed models.

    root: need not exist; it is created with the first model.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self._parsed: dict[str, tuple[tuple[int, int, int], Manifest]] = {}
        self._snapshot: Snapshot | None = None
        self._refresh_lock = threading.Lock()

    @property
    def snapshot(self) -> Snapshot:
        """The result of the last refresh; accesses no file, except on first use."""
        return self._snapshot or self.refresh()

    def refresh(self) -> Snapshot:
        """Check every model's folder and load the manifests that have changed.

        Blocks for two system calls per model. Returns the same object as before when nothing has
        changed. Thread-safe.
        """
        with self._refresh_lock:
            ids = tuple(self.ids())
            manifests = {id: found for id in ids if (found := self.get(id)) is not None}
            last = self._snapshot
            if last is None or (last.ids, last.manifests) != (ids, manifests):
                last = self._snapshot = Snapshot.of(ids, manifests)
            return last

    def ids(self) -> list[str]:
        """Ids of all model folders, including those whose manifest cannot be loaded."""
        try:
            names = [path.name for path in self.root.iterdir() if path.is_dir()]
        except OSError:
            return []
        return sorted(name for name in names if re.fullmatch(ID_PATTERN, name))

    def installed(self) -> list[Manifest]:
        """Manifests of all installed models whose manifest can be loaded, by id; refreshes."""
        return list(self.refresh().manifests.values())

    def get(self, id: str) -> Manifest | None:
        """The manifest of an installed model; None when there is no valid one.

        A manifest is parsed again only when its file has changed.
        """
        if not re.fullmatch(ID_PATTERN, id):
            return None
        path = self.root / id / MANIFEST_FILE
        try:
            status = path.stat()
            version = (status.st_mtime_ns, status.st_size, status.st_ino)
            cached = self._parsed.get(id)
            if cached is not None and cached[0] == version:
                return cached[1]
            manifest = Manifest.model_validate_json(path.read_bytes())
        except (OSError, ValidationError):
            return None
        if manifest.id != id:
            return None
        self._parsed[id] = (version, manifest)
        return manifest

    def spec(self, id: str) -> ModelSpec:
        """The specification with which an engine loads a model, after verification of every byte.

        Raises ModelNotInstalledError, or ModelBrokenError when a file has changed since the
        model was added.
        """
        problems = self.verify(id)
        if problems:
            self.raise_if_removed(id)
            raise ModelBrokenError(
                f"the files of model '{id}' have changed: {'; '.join(problems)}; "
                f"reinstall it with: {self._install_command(id)}",
                metadata={"model": id},
            )
        return self._require(id).spec(self.root / id)

    def verify(self, id: str) -> list[str]:
        """Problems of a model's files; empty when the files are as installed.

        Raises ModelNotInstalledError.
        """
        manifest = self.get(id)
        if manifest is None and id in self.ids():
            return [f"{MANIFEST_FILE} is missing or cannot be read"]
        manifest = self._require(id)
        problems: list[str] = []
        for name, facts in manifest.files.items():
            if problem := _problem(self.root / id / name, facts):
                problems.append(f"{name} {problem}")
        # Files may be removed meanwhile: os.walk ignores folders that it cannot read.
        found = {
            str((Path(folder) / name).relative_to(self.root / id))
            for folder, _, names in os.walk(self.root / id)
            for name in names
        }
        extra = found - set(manifest.files) - {MANIFEST_FILE}
        return problems + [f"{name} was not installed" for name in sorted(extra)]

    def raise_if_removed(self, id: str) -> None:
        """Raise ModelNotInstalledError when a model has no folder, for example any more."""
        if id not in self.ids():
            raise _not_installed(id)

    def add(
        self,
        directory: Path,
        id: str,
        task: Task,
        pairs: Sequence[Pair] = (),
        *,
        entry: CatalogEntry | None = None,
        source: str = "",
        revision: str = "",
        convert: Convert | None = None,
        move: bool = False,
    ) -> Manifest:
        """Install a model from a hub-layout folder, replacing a model with the same id.

        pairs: (source, target) codes; those of ``entry`` when empty. entry: the catalog entry of
        this model, or of a model with the same language tokens. convert: writes the installed
        files; without it, the files that an engine needs are copied, or moved when ``move`` is
        set. Raises InvalidFieldError for an invalid id, pair or folder, StoreError when the store
        cannot be written.
        """
        if not re.fullmatch(ID_PATTERN, id):
            raise InvalidFieldError(
                f"'{id[:80]}' is not a model id; use lower-case letters, digits, '.', '_' "
                "and '-', beginning with a letter or digit",
                field="id",
            )
        facts = describe(directory, id, task, pairs, entry)
        names = files.select_files(path.name for path in directory.iterdir())
        size = sum((directory / name).stat().st_size for name in names)
        with locking.write_lock(self.root, size), locking.temporary_folder(self.root) as folder:
            if convert is None:
                for name in names:
                    if move:
                        shutil.move(directory / name, folder / name)
                    else:
                        shutil.copyfile(directory / name, folder / name)
            conversion: Mapping[str, str] = {}
            if convert is not None:
                conversion = convert(Manifest(**facts, files={}).spec(directory), folder)
            self._add_license_text(facts.get("license"), folder)
            manifest = Manifest(
                **facts,
                source=source or str(directory),
                revision=revision,
                added=_now(),
                conversion=conversion,
                files=fingerprints(folder),
            )
            (folder / MANIFEST_FILE).write_text(manifest.model_dump_json(indent=2) + "\n", "utf-8")
            locking.replace_folder(folder, self.root / id)
        self._snapshot = None
        return manifest

    @staticmethod
    def _add_license_text(license: License | None, folder: Path) -> None:
        """Put the licence's text beside a model that was published without one."""
        if license is not None and license.text and not any(folder.glob("LICENSE*")):
            (folder / "LICENSE").write_text(license.text, "utf-8")

    def remove(self, id: str) -> None:
        """Delete a model and the remains of its download, or such remains alone.

        Raises ModelNotInstalledError when there is neither, StoreError.
        """
        is_installed = id in self.ids()
        if not is_installed and not (re.fullmatch(ID_PATTERN, id) and self.staging(id).is_dir()):
            raise _not_installed(id)
        with locking.write_lock(self.root), locking.temporary_folder(self.root) as folder:
            if is_installed:
                (self.root / id).rename(folder / id)
            shutil.rmtree(self.staging(id), ignore_errors=True)
        self._snapshot = None

    def staging(self, id: str) -> Path:
        """The folder where a download of this model is collected; not created by this method."""
        return self.root / f"{STAGING_PREFIX}{id}"

    @contextmanager
    def pull_lock(self, id: str) -> Iterator[Path]:
        """Context manager: hold the lock on a model's download; yields its staging folder."""
        with locking.raise_store_errors(self.root):
            self.root.mkdir(parents=True, exist_ok=True)
            lock = FileLock(self.root / f"{STAGING_PREFIX}{id}.lock")
            lock.acquire()
        try:
            with locking.raise_store_errors(self.root):
                self.staging(id).mkdir(exist_ok=True)
            yield self.staging(id)
        finally:
            lock.release()

    def _require(self, id: str) -> Manifest:
        manifest = self.get(id)
        if manifest is None:
            raise _not_installed(id)
        return manifest

    def _install_command(self, id: str) -> str:
        manifest = self.get(id)
        if manifest is not None and not manifest.revision:
            return f"summsvc models add DIR --id {id} --task {manifest.task.value}"
        return f"summsvc models pull {id}"


def _not_installed(id: str) -> ModelNotInstalledError:
    id = id[:80]
    return ModelNotInstalledError(
        f"model '{id}' is not installed; install it with: summsvc models pull {id}",
        metadata={"model": id},
    )


def _problem(path: Path, facts: FileFacts) -> str:
    """Say how a file differs from its facts; empty when it does not."""
    try:
        if not path.is_file():
            return "is missing"
        size = path.stat().st_size
        if size != facts.size:
            return f"has {size} bytes instead of {facts.size}"
        return "" if FileFacts.of(path).sha256 == facts.sha256 else "has changed (SHA-256 differs)"
    except FileNotFoundError:
        # Removed since the first line.
        return "is missing"
    except OSError as error:
        return f"cannot be read ({error.strerror})"


def _now() -> str:
    """The time in ISO 8601; that of SOURCE_DATE_EPOCH in reproducible builds of an image."""
    epoch = os.environ.get("SOURCE_DATE_EPOCH")
    now = (
        datetime.datetime.fromtimestamp(int(epoch), datetime.UTC)
        if epoch
        else datetime.datetime.now(datetime.UTC)
    )
    return now.isoformat(timespec="seconds")
