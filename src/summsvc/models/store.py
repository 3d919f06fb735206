"""The models on this machine: one folder each, with a manifest.

A folder appears by one rename, so there are no half models; writers hold a file
lock, readers need none and a read-only store can be served.
"""

from __future__ import annotations

import datetime
import json
import re
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock
from pydantic import ValidationError

from summsvc.engines.base import DecodingOptions, LanguageTokens, ModelSpec, Task
from summsvc.errors import InvalidFieldError, ModelBrokenError, ModelNotInstalledError
from summsvc.models.catalog import ID_PATTERN, CatalogEntry, License, Pair
from summsvc.models.manifest import FILE_NAME, FileFacts, Manifest, fingerprints

TEMPORARY = ".adding-"
UNWANTED = (".py", ".pkl", ".pickle", ".h5", ".msgpack", ".onnx", ".ot", ".zip")
"""Files that a model folder may hold and that are never used, some of them code."""

_WEIGHTS = ("model.safetensors", "pytorch_model.bin", "model.bin")


class Store:
    """A folder of models.

    root: need not exist; it is made by the first model.
    """

    def __init__(self, root: Path) -> None:
        self.root = root

    def installed(self) -> list[Manifest]:
        """Every installed model whose manifest can be read, by id."""
        if not self.root.is_dir():
            return []
        folders = sorted(path for path in self.root.iterdir() if not path.name.startswith("."))
        return [manifest for path in folders if (manifest := self.get(path.name)) is not None]

    def get(self, id: str) -> Manifest | None:
        """The manifest of an installed model; None when there is none that can be read."""
        if not re.fullmatch(ID_PATTERN, id):
            return None
        try:
            manifest = Manifest.model_validate_json((self.root / id / FILE_NAME).read_bytes())
        except (OSError, ValidationError):
            return None
        return manifest if manifest.id == id else None

    def spec(self, id: str) -> ModelSpec:
        """What an engine needs to load a model, after a look at every byte of it.

        Raises ModelNotInstalledError, or ModelBrokenError when a file is not
        what it was when the model was added.
        """
        problems = self.verify(id)
        if problems:
            raise ModelBrokenError(
                f"model '{id}' is not what was installed: {'; '.join(problems)}; "
                f"install it anew with: summsvc models pull {id}",
                metadata={"model": id},
            )
        manifest = self._known(id)
        return manifest.spec(self.root / id)

    def verify(self, id: str) -> list[str]:
        """What is wrong with a model's files; nothing when they are as installed."""
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
        return problems

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
    ) -> Manifest:
        """Copy a model from a folder in the hub's layout, in place of one of the same id.

        pairs: (source, target) codes; those of ``entry`` when empty. entry: the
        catalog's facts for this id. Raises InvalidFieldError for an id, pair or
        folder that cannot be used.
        """
        if not re.fullmatch(ID_PATTERN, id):
            raise InvalidFieldError(
                f"'{id}' is no model id; use lower-case letters, digits, '.', '_' and '-'",
                field="id",
            )
        facts = entry if entry is not None and entry.task is task else None
        if not pairs and facts is None:
            raise InvalidFieldError(
                f"no language pair is known for '{id}'; name at least one, such as en-ru",
                field="pair",
            )
        architecture = _architecture(directory)
        with self._writing(), self._temporary() as folder:
            _copy(directory, folder)
            tokens = _used_tokens(folder, facts)
            manifest = Manifest(
                id=id,
                task=task,
                architecture=architecture,
                pairs=tuple(pairs) or (facts.pairs if facts else ()),
                language_tokens=facts.language_tokens if facts and tokens else LanguageTokens.NONE,
                tokens=tokens,
                license=facts.license if facts else License(),
                prefix=facts.prefix if facts else "",
                decoding=facts.decoding if facts else DecodingOptions(),
                preference=facts.preference if facts else 0,
                source=source or str(directory),
                revision=revision,
                added=datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
                files=fingerprints(folder),
            )
            (folder / FILE_NAME).write_text(manifest.model_dump_json(indent=2) + "\n")
            self._swap_in(folder, id)
        return manifest

    def remove(self, id: str) -> None:
        """Delete a model; raises ModelNotInstalledError."""
        self._known(id)
        with self._writing(), self._temporary() as folder:
            (self.root / id).rename(folder / id)

    def _known(self, id: str) -> Manifest:
        manifest = self.get(id)
        if manifest is None:
            raise ModelNotInstalledError(
                f"model '{id}' is not installed; install it with: summsvc models pull {id}",
                metadata={"model": id},
            )
        return manifest

    @contextmanager
    def _writing(self) -> Iterator[None]:
        """Be the only writer, and clear away what killed ones left."""
        self.root.mkdir(parents=True, exist_ok=True)
        with FileLock(self.root / ".lock"):
            for left in self.root.glob(f"{TEMPORARY}*"):
                shutil.rmtree(left, ignore_errors=True)
            yield

    @contextmanager
    def _temporary(self) -> Iterator[Path]:
        folder = Path(tempfile.mkdtemp(prefix=TEMPORARY, dir=self.root))
        folder.chmod(0o755)
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def _swap_in(self, folder: Path, id: str) -> None:
        place = self.root / id
        if place.exists():
            old = Path(tempfile.mkdtemp(prefix=TEMPORARY, dir=self.root))
            place.rename(old / id)
        folder.rename(place)


def _architecture(directory: Path) -> str:
    """``model_type`` of a folder in the hub's layout."""
    try:
        config = json.loads((directory / "config.json").read_text("utf-8"))
        architecture = config["model_type"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InvalidFieldError(
            f"{directory} is no model folder: config.json with a model_type is needed ({error})",
            field="directory",
        ) from error
    if not any((directory / name).is_file() for name in _WEIGHTS):
        raise InvalidFieldError(
            f"{directory} has no weights: one of {', '.join(_WEIGHTS)} is needed",
            field="directory",
        )
    return str(architecture)


def _copy(directory: Path, folder: Path) -> None:
    """Copy what an engine reads. With safetensors present other weights stay behind."""
    safe = (directory / "model.safetensors").is_file()
    for path in sorted(directory.iterdir()):
        unwanted = path.suffix in UNWANTED or (safe and path.name == "pytorch_model.bin")
        if path.is_file() and not unwanted and not path.name.startswith("."):
            shutil.copyfile(path, folder / path.name)


def _used_tokens(folder: Path, facts: CatalogEntry | None) -> dict[str, str]:
    """The catalog's language tokens that this checkpoint's vocabulary really has."""
    if facts is None or not facts.tokens:
        return {}
    vocabulary = folder / "vocab.json"
    if not vocabulary.is_file():
        return dict(facts.tokens)
    known = json.loads(vocabulary.read_text("utf-8"))
    return {language: token for language, token in facts.tokens.items() if token in known}
