"""Loading of articles and glossaries from files, folders and standard input."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from summsvc.cli.charset import CharsetError, Decoded, codec_of, decode
from summsvc.types import Article, MimeType

MIME_TYPE_BY_SUFFIX = {
    ".txt": MimeType.PLAIN,
    ".html": MimeType.HTML,
    ".htm": MimeType.HTML,
    ".md": MimeType.MARKDOWN,
}
"""Suffixes of files that are loaded from folders; a file given by name may have any suffix."""


class InputError(Exception):
    """An input that cannot be loaded; the message is the cause, without the input's name."""


class Unicode(click.ParamType[str]):
    """Parameter type for valid Unicode; rejects command-line bytes that are not UTF-8."""

    name = "text"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        try:
            str(value).encode()
        except UnicodeEncodeError:
            self.fail("not valid UTF-8", param, ctx)
        return str(value)


class Charset(click.ParamType[str]):
    """Parameter type for the name of a charset; "" for none."""

    name = "charset"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        if value and not codec_of(str(value)):
            self.fail(
                f"unknown charset '{value}'; use a name such as utf-8 or windows-1257", param, ctx
            )
        return str(value)


@dataclass(frozen=True, slots=True)
class Source:
    """Origin of one article.

    name: name in messages. path: None for standard input, whose bytes are ``data``, and for a
    web page. address: that of a web page, else "".
    problem: why the source has no article, if that is known before loading.
    """

    name: str
    path: Path | None = None
    data: bytes = b""
    problem: str = ""
    address: str = ""

    def load(
        self, *, title: str, language: str, mime_type: str | None, charset: str = ""
    ) -> Article:
        """Load the article. Blocks; a web page takes up to ``web.TIMEOUT_S``.

        mime_type: None to derive it from the suffix or the page's Content-Type. charset: "" for
        the declared or detected one, which is said on standard error if it is not certain.
        Raises InputError.
        """
        if self.address:
            # Imported here because the module raises InputError.
            from summsvc.cli import web

            page = web.fetch(self.address, charset)
            kind = page.mime_type
            decoded = page.decoded
        else:
            suffix = self.path.suffix.lower() if self.path else ""
            kind = MIME_TYPE_BY_SUFFIX.get(suffix, MimeType.PLAIN)
            decoded = self._decoded(charset)
        if decoded.note:
            click.echo(f"{self.name}: {decoded.note}", err=True)
        if mime_type is not None:
            kind = MimeType(mime_type)
        return Article(title, decoded.text, language, kind)

    def _decoded(self, name: str) -> Decoded:
        if self.problem:
            raise InputError(self.problem)
        try:
            data = self.data if self.path is None else self.path.read_bytes()
        except OSError as error:
            raise InputError((error.strerror or str(error)).lower()) from error
        try:
            return decode(data, named=name)
        except CharsetError as error:
            raise InputError(str(error)) from error


def find_sources(paths: Iterable[str]) -> list[Source]:
    """Return one source per file, per article file in a folder, per web address, and for "-".

    Folders are searched recursively; their files are sorted by path. Raises
    click.UsageError if "-" is given twice.
    """
    sources: list[Source] = []
    for name in paths:
        path = Path(name)
        if name.lower().startswith(("http://", "https://")):
            sources.append(Source(name, address=name))
        elif name == "-":
            if any(source.path is None and not source.problem for source in sources):
                raise click.UsageError("'-' stands for standard input and can be given once.")
            if sys.stdin is None:
                sources.append(Source("<stdin>", problem="standard input is closed"))
                continue
            # Read before asyncio starts: below asyncio a signal does not interrupt blocking reads.
            sources.append(Source("<stdin>", data=sys.stdin.buffer.read()))
        elif path.is_dir():
            files = sorted(p for p in path.rglob("*") if p.suffix.lower() in MIME_TYPE_BY_SUFFIX)
            sources += [Source(str(file), file) for file in files if file.is_file()]
            if not files:
                suffixes = ", ".join(MIME_TYPE_BY_SUFFIX)
                sources.append(Source(name, problem=f"no article in this folder ({suffixes})"))
        else:
            sources.append(Source(name, path))
    return sources


def load_glossary(path: Path) -> dict[str, str]:
    """Load a glossary: one term and its translation per line, separated by a tab.

    Raises click.BadParameter that names the invalid line.
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
            raise click.BadParameter(f"{path}:{number}: not a term, a tab and a translation")
        if source in entries:
            raise click.BadParameter(f"{path}:{number}: '{source}' occurs twice")
        entries[source] = target
    return entries
