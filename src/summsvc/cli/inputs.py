"""Articles from files, folders and standard input."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from summsvc.types import Article, MimeType

MIME_TYPES = {
    ".txt": MimeType.PLAIN,
    ".html": MimeType.HTML,
    ".htm": MimeType.HTML,
    ".md": MimeType.MARKDOWN,
}
"""What is taken from folders; a file named itself may have any other suffix."""


class InputError(Exception):
    """An input that cannot be read; the message says why, without its name."""


class Unicode(click.ParamType[str]):
    """Text that can be sent; bytes of the command line that are not UTF-8 cannot."""

    name = "text"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        try:
            str(value).encode()
        except UnicodeEncodeError:
            self.fail("not valid UTF-8", param, ctx)
        return str(value)


@dataclass(frozen=True, slots=True)
class Source:
    """Where one article comes from.

    name: for people. path: None for standard input, whose bytes are in ``data``.
    problem: why there is nothing to read, known beforehand.
    """

    name: str
    path: Path | None = None
    data: bytes = b""
    problem: str = ""

    def article(self, *, title: str, language: str, mime_type: str | None) -> Article:
        """Read it. mime_type: None tells it from the suffix. Raises InputError."""
        kind = MIME_TYPES.get(self.path.suffix.lower()) if self.path else None
        if mime_type is not None:
            kind = MimeType(mime_type)
        return Article(title, self._text(), language, kind or MimeType.PLAIN)

    def _text(self) -> str:
        if self.problem:
            raise InputError(self.problem)
        try:
            data = self.data if self.path is None else self.path.read_bytes()
        except OSError as error:
            raise InputError((error.strerror or str(error)).lower()) from error
        try:
            return data.decode("utf-8").removeprefix("\ufeff")
        except UnicodeDecodeError as error:
            raise InputError(
                f"not UTF-8: byte 0x{data[error.start]:02X} at offset {error.start}; "
                "convert it, for example with iconv -f WINDOWS-1257 -t UTF-8"
            ) from error


def sources(paths: Iterable[str]) -> list[Source]:
    """One source for each file, for each article in each folder, and for "-".

    Folders are read with all folders below them, in the order of the paths.
    """
    found: list[Source] = []
    for name in paths:
        path = Path(name)
        if name == "-":
            if any(source.path is None and not source.problem for source in found):
                raise click.UsageError("'-' stands for standard input and can be given once.")
            # Read here: a signal does not interrupt blocking reads below asyncio.
            found.append(Source("<stdin>", data=sys.stdin.buffer.read()))
        elif path.is_dir():
            files = sorted(p for p in path.rglob("*") if p.suffix.lower() in MIME_TYPES)
            found += [Source(str(file), file) for file in files if file.is_file()]
            if not files:
                suffixes = ", ".join(MIME_TYPES)
                found.append(Source(name, problem=f"no article in this folder ({suffixes})"))
        else:
            found.append(Source(name, path))
    return found


def glossary(path: Path) -> dict[str, str]:
    """Read terms and their translations, a tab between them, one pair a line.

    Raises click.BadParameter naming the line that is not like that.
    """
    entries: dict[str, str] = {}
    try:
        lines = path.read_bytes().decode("utf-8-sig").splitlines()
    except OSError as error:
        raise click.BadParameter(f"{path}: {(error.strerror or str(error)).lower()}") from error
    except UnicodeDecodeError as error:
        raise click.BadParameter(f"{path}: not UTF-8 at offset {error.start}") from error
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        source, _, target = (part.strip(" ") for part in line.partition("\t"))
        if not (source and target) or "\t" in target:
            raise click.BadParameter(f"{path}:{number}: not a term, a tab and its translation")
        if source in entries:
            raise click.BadParameter(f"{path}:{number}: '{source}' is there twice")
        entries[source] = target
    return entries
