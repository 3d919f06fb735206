"""What all commands that send articles have in common."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any

import click

from summsvc.cli.inputs import Source, Unicode, sources
from summsvc.types import Article, MimeType


@dataclass(frozen=True, slots=True)
class Reading:
    """The articles of one command and how they are to be read."""

    sources: list[Source]
    title: str
    language: str
    mime_type: str | None

    def read(self, source: Source) -> Article:
        """Raises InputError."""
        return source.article(title=self.title, language=self.language, mime_type=self.mime_type)


def article_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Arguments and flags about the articles; the command receives ``reading``."""

    @wraps(command)
    def callback(
        paths: tuple[str, ...],
        title: str,
        language: str,
        mime_type: str | None,
        **others: Any,
    ) -> Any:
        found = sources(paths)
        if title and len(found) > 1:
            raise click.UsageError("--title is for one article; there are several.")
        return command(reading=Reading(found, title, language, mime_type), **others)

    flags = [
        click.argument("paths", metavar="PATH...", nargs=-1, required=True),
        click.option(
            "--from",
            "language",
            type=Unicode(),
            metavar="LANG",
            default="",
            help="Language of the articles; identified unless given.",
        ),
        click.option("--title", type=Unicode(), default="", help="Headline of the article."),
        click.option(
            "--mime-type",
            type=click.Choice([kind.value for kind in MimeType]),
            help="Form of the text; told from the file's suffix unless given.",
        ),
        click.option("--keep-boilerplate", is_flag=True, help="Keep what looks like noise."),
        click.option("--json", "as_json", is_flag=True, help="Print each reply as a line of JSON."),
    ]
    for flag in reversed(flags):
        callback = flag(callback)
    return callback
