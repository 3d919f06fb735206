"""Files of a published student model: model, vocabularies and lexical shortlist, packed or not."""

from __future__ import annotations

import fnmatch
import gzip
import re
import zlib
from dataclasses import dataclass
from pathlib import Path

from summsvc.errors import InvalidFieldError, ModelBrokenError

ARCHITECTURE = "student"
"""``ModelSpec.architecture`` of student models, which have no config.json."""

MODEL_PATTERN = "model.*.intgemm*.bin"
VOCABULARY_PATTERN = "vocab.*.spm"
SOURCE_PATTERN = "srcvocab.*.spm"
TARGET_PATTERN = "trgvocab.*.spm"
SHORTLIST_PATTERN = "lex.*.s2t.bin"

MAX_FILE_BYTES = 1 << 28
"""Largest unpacked file in bytes. Published models have at most 60 MB."""

_PACKED = ".gz"
_PAIR = re.compile(r"model\.([a-z]{2})([a-z]{2})\.")


@dataclass(frozen=True, slots=True)
class StudentFiles:
    """Paths of a student's files; a name ending in ``.gz`` is a gzip file.

    source_vocabulary, target_vocabulary: equal for a joint vocabulary. shortlist: None when
    there is none.
    """

    model: Path
    source_vocabulary: Path
    target_vocabulary: Path
    shortlist: Path | None


def is_student(folder: Path) -> bool:
    """Whether a folder has the model file of a student."""
    return folder.is_dir() and bool(_matches(folder, MODEL_PATTERN))


def find(folder: Path) -> StudentFiles:
    """The files of the student in a folder.

    Raises InvalidFieldError when a file is missing or there is more than one of a kind.
    """
    joint = _only(folder, VOCABULARY_PATTERN)
    source, target = _only(folder, SOURCE_PATTERN), _only(folder, TARGET_PATTERN)
    if joint is not None and source is None and target is None:
        source = target = joint
    elif joint is not None or source is None or target is None:
        raise InvalidFieldError(
            f"{folder} needs one {VOCABULARY_PATTERN}, or one {SOURCE_PATTERN} and one "
            f"{TARGET_PATTERN}",
            field="directory",
        )
    model = _only(folder, MODEL_PATTERN)
    if model is None:
        raise InvalidFieldError(f"{folder} has no {MODEL_PATTERN}", field="directory")
    return StudentFiles(model, source, target, _only(folder, SHORTLIST_PATTERN))


def pair(folder: Path) -> tuple[str, str] | None:
    """(source, target) of the model's file name, such as ``model.enru.intgemm.alphas.bin``."""
    for path in _matches(folder, MODEL_PATTERN):
        if found := _PAIR.match(path.name):
            return found[1], found[2]
    return None


def read(path: Path) -> bytes:
    """Content of a file, unpacked.

    Raises ModelBrokenError when it cannot be read or unpacked, or exceeds ``MAX_FILE_BYTES``.
    """
    try:
        with gzip.open(path) if path.suffix == _PACKED else path.open("rb") as stream:
            content = stream.read(MAX_FILE_BYTES + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise ModelBrokenError(f"{path.name} cannot be read", detail=str(error)) from error
    if len(content) > MAX_FILE_BYTES:
        raise ModelBrokenError(f"{path.name} has more than {MAX_FILE_BYTES} bytes")
    return content


def _matches(folder: Path, pattern: str) -> list[Path]:
    """Paths whose name matches, unpacked; the packed file only where there is no other."""
    found: dict[str, Path] = {}
    for path in sorted(folder.iterdir()):
        name = path.name.removesuffix(_PACKED)
        if path.is_file() and fnmatch.fnmatchcase(name, pattern):
            found.setdefault(name, path)
    return list(found.values())


def _only(folder: Path, pattern: str) -> Path | None:
    found = _matches(folder, pattern)
    if len(found) > 1:
        names = ", ".join(path.name for path in found)
        raise InvalidFieldError(
            f"{folder} has {len(found)} files {pattern}: {names}", field="directory"
        )
    return found[0] if found else None
