"""The models on this machine: one folder each, with a manifest.

Readers need no lock, and a read-only store can be served; see ``writing``. A server
looks once a second, and before it refuses a request for want of a model, in a
thread: a disk that is slow to answer holds up nobody.
"""

from __future__ import annotations

import datetime
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
from summsvc.models.catalog import ID_PATTERN, CatalogEntry, Pair
from summsvc.models.conversion.checkpoint import describe
from summsvc.models.store import files, locking
from summsvc.models.store.manifest import FILE_NAME, FileFacts, Manifest, fingerprints
from summsvc.models.store.snapshot import Installed

STAGING = ".pulling-"
"""Where a download is kept until it is whole; it survives, so that it can go on."""

Convert = Callable[[ModelSpec, Path], Mapping[str, str]]
"""Makes an engine's files from a checkpoint in a target folder; says how it did."""


class Store:
    """A folder of models.

    root: need not exist; it is made by the first model.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self._read: dict[str, tuple[tuple[int, int, int], Manifest]] = {}
        self._seen: Installed | None = None
        self._looking = threading.Lock()

    @property
    def seen(self) -> Installed:
        """What the last look found; the first use looks. Touches no file otherwise."""
        return self._seen or self.look()

    def look(self) -> Installed:
        """Look at every model's folder, and read the manifests that have changed.

        Blocks for two system calls a model. The same object as before when
        nothing has changed. Any thread may call it.
        """
        with self._looking:
            ids = tuple(self.ids())
            manifests = {id: found for id in ids if (found := self.get(id)) is not None}
            last = self._seen
            if last is None or (last.ids, last.manifests) != (ids, manifests):
                last = self._seen = Installed.of(ids, manifests)
            return last

    def ids(self) -> list[str]:
        """Ids of all model folders, also of those whose manifest cannot be read."""
        try:
            names = [path.name for path in self.root.iterdir() if path.is_dir()]
        except OSError:
            return []
        return sorted(name for name in names if re.fullmatch(ID_PATTERN, name))

    def installed(self) -> list[Manifest]:
        """Every installed model whose manifest can be read, by id; looks."""
        return list(self.look().manifests.values())

    def get(self, id: str) -> Manifest | None:
        """The manifest of an installed model; None when there is none that can be read.

        It is parsed again only when its file has changed.
        """
        if not re.fullmatch(ID_PATTERN, id):
            return None
        path = self.root / id / FILE_NAME
        try:
            status = path.stat()
            seen = (status.st_mtime_ns, status.st_size, status.st_ino)
            known = self._read.get(id)
            if known is not None and known[0] == seen:
                return known[1]
            manifest = Manifest.model_validate_json(path.read_bytes())
        except (OSError, ValidationError):
            return None
        if manifest.id != id:
            return None
        self._read[id] = (seen, manifest)
        return manifest

    def spec(self, id: str) -> ModelSpec:
        """What an engine needs to load a model, after a look at every byte of it.

        Raises ModelNotInstalledError, or ModelBrokenError when a file is not
        what it was when the model was added.
        """
        problems = self.verify(id)
        if problems:
            raise ModelBrokenError(
                f"model '{id}' is not what was installed: {'; '.join(problems)}; "
                f"install it anew with: {self._remedy(id)}",
                metadata={"model": id},
            )
        return self._known(id).spec(self.root / id)

    def verify(self, id: str) -> list[str]:
        """What is wrong with a model's files; nothing when they are as installed.

        Raises ModelNotInstalledError.
        """
        manifest = self.get(id)
        if manifest is None and id in self.ids():
            return [f"{FILE_NAME} is missing or cannot be read"]
        manifest = self._known(id)
        problems: list[str] = []
        for name, facts in manifest.files.items():
            path = self.root / id / name
            if not path.is_file():
                problems.append(f"{name} is missing")
            elif path.stat().st_size != facts.size:
                problems.append(f"{name} has {path.stat().st_size} bytes instead of {facts.size}")
            elif FileFacts.of(path).sha256 != facts.sha256:
                problems.append(f"{name} has changed (SHA-256 differs)")
        found = {
            str(path.relative_to(self.root / id))
            for path in (self.root / id).rglob("*")
            if not path.is_dir()
        }
        extra = found - set(manifest.files) - {FILE_NAME}
        return problems + [f"{name} was not installed" for name in sorted(extra)]

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
        """Install a model from a folder in the hub's layout, in place of one of the same id.

        pairs: (source, target) codes; those of ``entry`` when empty. entry: the
        catalog's facts for this model, or for one that is told its languages
        alike. convert: makes the installed files; without it those that an
        engine reads are copied, or moved when ``move`` is set. Raises
        InvalidFieldError for an id, pair or folder that cannot be used,
        StoreError when the store cannot be written.
        """
        if not re.fullmatch(ID_PATTERN, id):
            raise InvalidFieldError(
                f"'{id[:80]}' is no model id; it is made of lower-case letters, digits, '.', '_' "
                "and '-', and begins with a letter or digit",
                field="id",
            )
        facts = describe(directory, id, task, pairs, entry)
        with locking.alone(self.root), locking.temporary(self.root) as folder:
            if convert is None:
                for name in files.needed(path.name for path in directory.iterdir()):
                    if move:
                        shutil.move(directory / name, folder / name)
                    else:
                        shutil.copyfile(directory / name, folder / name)
            conversion: Mapping[str, str] = {}
            if convert is not None:
                conversion = convert(Manifest(**facts, files={}).spec(directory), folder)
            manifest = Manifest(
                **facts,
                source=source or str(directory),
                revision=revision,
                added=datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
                conversion=conversion,
                files=fingerprints(folder),
            )
            (folder / FILE_NAME).write_text(manifest.model_dump_json(indent=2) + "\n", "utf-8")
            locking.swap_in(folder, self.root / id)
        self._seen = None
        return manifest

    def remove(self, id: str) -> None:
        """Delete a model and what was left of its download.

        Raises ModelNotInstalledError, StoreError.
        """
        if id not in self.ids():
            self._known(id)
        with locking.alone(self.root), locking.temporary(self.root) as folder:
            (self.root / id).rename(folder / id)
            shutil.rmtree(self.staging(id), ignore_errors=True)
        self._seen = None

    def staging(self, id: str) -> Path:
        """Where a download of this model is gathered; not made by this."""
        return self.root / f"{STAGING}{id}"

    @contextmanager
    def pulling(self, id: str) -> Iterator[Path]:
        """Be the only one who downloads a model; gives its staging folder, made if need be."""
        with locking.told(self.root):
            self.root.mkdir(parents=True, exist_ok=True)
            lock = FileLock(self.root / f"{STAGING}{id}.lock")
            lock.acquire()
        try:
            with locking.told(self.root):
                self.staging(id).mkdir(exist_ok=True)
            yield self.staging(id)
        finally:
            lock.release()

    def _known(self, id: str) -> Manifest:
        manifest = self.get(id)
        if manifest is None:
            raise ModelNotInstalledError(
                f"model '{id[:80]}' is not installed; install it with: "
                f"summsvc models pull {id[:80]}",
                metadata={"model": id[:80]},
            )
        return manifest

    def _remedy(self, id: str) -> str:
        manifest = self.get(id)
        if manifest is not None and not manifest.revision:
            return f"summsvc models add DIR --id {id} --task {manifest.task.value}"
        return f"summsvc models pull {id}"
