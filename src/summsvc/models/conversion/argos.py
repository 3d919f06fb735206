"""Installation of Argos Translate packages: a CTranslate2 model in a zip archive.

The format is that of argostranslate/package.py in https://github.com/argosopentech/argos-translate:
a folder with ``metadata.json``, ``sentencepiece.model`` and ``model/`` in CTranslate2's layout.
"""

from __future__ import annotations

import json
import lzma
import shutil
import stat
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from summsvc.engines.base import ModelSpec
from summsvc.engines.declared import Declared
from summsvc.engines.tokenizer import TokenFraming
from summsvc.errors import InvalidFieldError, ModelBrokenError, ModelUnavailableError

ARCHITECTURE = "opennmt"
"""``ModelSpec.architecture`` of these models, which OpenNMT has trained."""

SUFFIX = ".argosmodel"
METADATA_FILE = "metadata.json"
TOKENIZER_FILE = "sentencepiece.model"

MAX_INPUT_TOKENS = 256
"""Longest input in tokens. A package names no limit; the models are trained with single
sentences. Longer segments are split."""

MAX_RATIO = 16
"""Greatest ratio of unpacked to packed bytes. Weights shrink to half at best; a larger ratio is
that of a decompression bomb."""

MAX_UNPACKED_BYTES = 8 << 30
"""Greatest size of an unpacked package in bytes."""

_DAMAGES = (
    OSError,
    EOFError,
    # Entries whose names are not text.
    ValueError,
    # Unknown compression methods; encrypted entries.
    RuntimeError,
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
)
"""Errors of zipfile and of its decompressors for a damaged archive."""

_MODEL_FOLDER = "model"
_TRANSLATION = "translate"
_TEXTS = ("README.md", "LICENSE")


def unpack(archive: Path, folder: Path) -> None:
    """Unpack the files of a package that a model needs into ``folder``, without subfolders.

    Raises InvalidFieldError when the archive is no package, or has entries that leave its
    folder, links, encrypted entries or too much data.
    """
    try:
        with zipfile.ZipFile(archive) as package:
            for entry, name in _needed(archive, package):
                with package.open(entry) as source, (folder / name).open("wb") as target:
                    shutil.copyfileobj(source, target)
    except _DAMAGES as error:
        raise _refusal(archive, f"it cannot be unpacked: {error}") from error
    _load_metadata(folder)


def _needed(archive: Path, package: zipfile.ZipFile) -> Iterator[tuple[zipfile.ZipInfo, str]]:
    """Validate all entries; yield those that a model needs, with the names of their files."""
    entries = package.infolist()
    unpacked = sum(entry.file_size for entry in entries)
    if unpacked > min(MAX_UNPACKED_BYTES, MAX_RATIO * archive.stat().st_size):
        raise _refusal(archive, f"it would unpack to {unpacked / 1e6:,.0f} MB")
    if len({entry.filename for entry in entries}) < len(entries):
        raise _refusal(archive, "it contains a file twice")
    for entry in entries:
        if not entry.filename:
            raise _refusal(archive, "it contains a file without a name")
        path = PurePosixPath(entry.filename)
        if path.is_absolute() or ".." in path.parts or "\\" in entry.filename:
            raise _refusal(archive, f"the entry '{entry.filename[:80]}' leaves the package")
        mode = entry.external_attr >> 16
        if stat.S_IFMT(mode) not in (0, stat.S_IFREG, stat.S_IFDIR):
            raise _refusal(archive, f"the entry '{entry.filename[:80]}' is no plain file")
    for entry in entries:
        parts = PurePosixPath(entry.filename).parts
        in_model = len(parts) == 3 and parts[1] == _MODEL_FOLDER
        if not entry.is_dir() and (
            in_model or (len(parts) == 2 and parts[1] in (METADATA_FILE, TOKENIZER_FILE, *_TEXTS))
        ):
            yield entry, parts[-1]


def _refusal(archive: Path, why: str) -> InvalidFieldError:
    return InvalidFieldError(
        f"{archive.name} is not installed as an Argos package: {why}", field="directory"
    )


def is_package(folder: Path) -> bool:
    """Whether a folder has the files of an unpacked package."""
    return (folder / METADATA_FILE).is_file() and (folder / "model.bin").is_file()


def pair(folder: Path) -> tuple[str, str]:
    """(source, target) of an unpacked package. Raises InvalidFieldError."""
    metadata = _load_metadata(folder)
    return metadata.text("from_code"), metadata.text("to_code")


def _load_metadata(folder: Path) -> Declared:
    """The metadata of an unpacked package.

    Raises InvalidFieldError when a needed file is missing or the metadata is incomplete.
    """
    for name in (METADATA_FILE, TOKENIZER_FILE, "model.bin", "config.json"):
        if not (folder / name).is_file():
            raise InvalidFieldError(
                f"the Argos package has no {name}; packages with a SentencePiece tokenizer "
                "and a CTranslate2 model are supported",
                field="directory",
            )
    try:
        metadata = Declared.load(folder / METADATA_FILE)
        kind = metadata.find_text("type") or _TRANSLATION
        for key in ("from_code", "to_code"):
            metadata.text(key)
    except ModelBrokenError as error:
        raise InvalidFieldError(
            f"the Argos package cannot be used: {error.message}",
            field="directory",
            detail=error.detail,
        ) from error
    if kind != _TRANSLATION:
        raise InvalidFieldError(
            f"the Argos package is of the type {kind[:40]!r}; only 'translate' is supported",
            field="directory",
        )
    return metadata


def convert(spec: ModelSpec, target: Path) -> dict[str, str]:
    """Copy an unpacked package to ``target``, with the token framing that the engine needs.

    Raises InvalidFieldError, ModelBrokenError when config.json cannot be used, and
    ModelUnavailableError for a model with a separate tokenizer per language.
    """
    source = spec.path
    metadata = _load_metadata(source)
    config = Declared.load(source / "config.json")
    framing = _framing(config, metadata.find_text("target_prefix") or "")
    if not any(source.glob("*vocabulary.*")):
        raise ModelUnavailableError(f"the Argos package of '{spec.id}' has no vocabulary")
    for path in source.iterdir():
        shutil.copyfile(path, target / path.name)
    # The tokenizer adds these tokens, so that they are counted.
    changed = {**config.values, "add_source_bos": False, "add_source_eos": False}
    (target / "config.json").write_text(json.dumps(changed, indent=1), "utf-8")
    framing.save(target)
    return {
        "engine": "ctranslate2",
        "method": "Argos package, its model unchanged",
        "argos": str(metadata.values.get("package_version", ""))[:40],
    }


def _framing(config: Declared, target_prefix: str) -> TokenFraming:
    begin = config.find_text("bos_token") or "<s>"
    end = config.find_text("eos_token") or "</s>"
    unknown = config.find_text("unk_token") or "<unk>"
    first = (target_prefix,) if target_prefix else ()
    return TokenFraming(
        before=(begin,) if config.find_flag("add_source_bos") else (),
        after=(end,) if config.find_flag("add_source_eos") else (),
        first=first,
        start=config.find_text("decoder_start_token") or begin,
        end=end,
        special=(begin, end, unknown, *first),
        split=(TOKENIZER_FILE, TOKENIZER_FILE),
        max_input_tokens=MAX_INPUT_TOKENS,
        positions=None,
    )
