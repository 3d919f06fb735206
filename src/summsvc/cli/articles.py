"""Shared command-line options: articles and summary length."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import TypeVar

import click

from summsvc.cli.inputs import Charset, Source, Unicode, find_sources
from summsvc.types import Article, MimeType

ResultT = TypeVar("ResultT")

INT32_MAX = 2**31 - 1

sentences_option = click.option(
    "--sentences",
    type=click.IntRange(1, INT32_MAX),
    help="Maximum number of sentences; 3 if no length is given.",
)
words_option = click.option(
    "--words", type=click.IntRange(1, INT32_MAX), help="Maximum number of words."
)


@dataclass(frozen=True, slots=True)
class ArticleInputs:
    """The articles of one command and the attributes given for them.

    title, language, charset: empty if not given. mime_type: None to derive it from the
    file's suffix.
    """

    sources: list[Source]
    title: str
    language: str
    mime_type: str | None
    charset: str

    def load(self, source: Source) -> Article:
        """Load one article. Raises InputError."""
        return source.load(
            title=self.title,
            language=self.language,
            mime_type=self.mime_type,
            charset=self.charset,
        )


def article_options(command: Callable[..., ResultT]) -> Callable[..., ResultT]:
    """Add the arguments and flags for articles; the command receives ``inputs``."""

    @wraps(command)
    def callback(
        paths: tuple[str, ...],
        title: str,
        language: str,
        mime_type: str | None,
        charset: str,
        **others: object,
    ) -> ResultT:
        sources = find_sources(paths)
        if title and len(sources) > 1:
            raise click.UsageError("--title is for one article; several articles are given.")
        inputs = ArticleInputs(sources, title, language, mime_type, charset)
        return command(inputs=inputs, **others)

    flags = [
        click.argument("paths", metavar="PATH...", nargs=-1, required=True),
        click.option(
            "--from",
            "language",
            type=Unicode(),
            metavar="LANG",
            default="",
            help="BCP-47 code of the articles' language; identified by the server if not given.",
        ),
        click.option(
            "--title", type=Unicode(), default="", help="Headline, if there is one article."
        ),
        click.option(
            "--mime-type",
            type=click.Choice([kind.value for kind in MimeType]),
            help="Format of the articles; derived from the file suffix if not given.",
        ),
        click.option(
            "--charset",
            type=Charset(),
            metavar="NAME",
            default="",
            help="Charset of the articles, such as windows-1257; the declared or detected one if "
            "not given.",
        ),
        click.option(
            "--keep-boilerplate",
            is_flag=True,
            help="Keep the noise of scraped pages, such as bylines and link lines.",
        ),
        click.option(
            "--json", "as_json", is_flag=True, help="Print each reply as one line of JSON."
        ),
    ]
    for flag in reversed(flags):
        callback = flag(callback)
    return callback
