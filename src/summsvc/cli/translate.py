"""``summsvc translate``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from summsvc.cli.articles import Reading, article_options
from summsvc.cli.connection import Connection, client_options
from summsvc.cli.inputs import Source, Unicode, glossary

if TYPE_CHECKING:
    from summsvc.client import AsyncClient, Translation, TranslationOptions
    from summsvc.types import Article


@click.command()
@article_options
@click.option(
    "--to",
    "target",
    type=Unicode(),
    metavar="LANG",
    required=True,
    help="Language to translate into.",
)
@click.option("--model", type=Unicode(), metavar="ID", default="", help="Model to translate with.")
@click.option("--stream", is_flag=True, help="Print each segment as soon as it is done.")
@click.option("--segments", is_flag=True, help="Show segments with their translations and scores.")
@click.option(
    "--do-not-translate",
    "terms",
    type=Unicode(),
    metavar="TERM",
    multiple=True,
    help="A term that stays as it is; repeatable.",
)
@click.option(
    "--glossary",
    "glossary_file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="UTF-8 file of prescribed translations: on each line a term, a tab, its translation.",
)
@client_options(timeout=60)
def translate(
    connection: Connection,
    reading: Reading,
    target: str,
    model: str,
    stream: bool,
    segments: bool,
    terms: tuple[str, ...],
    glossary_file: Path | None,
    keep_boilerplate: bool,
    as_json: bool,
) -> int:
    """Translate articles.

    PATH is a UTF-8 text, HTML or Markdown file, a folder of such files, or - for
    standard input. The translation goes to standard output in the article's own
    form, everything else to standard error.
    """
    from summsvc.cli.each import each
    from summsvc.cli.translation import Printer

    options: TranslationOptions = {
        "model": model,
        "do_not_translate": terms,
        "glossary": glossary(glossary_file) if glossary_file else {},
        "keep_boilerplate": keep_boilerplate,
        "include_segments": segments,
    }
    printer = Printer(len(reading.sources), as_json=as_json, segments=segments)

    async def whole(client: AsyncClient, _: Source, article: Article) -> Translation:
        return await client.translate(article, target, **options)

    async def follow(client: AsyncClient, source: Source, article: Article) -> None:
        with printer.following():
            async for event in client.stream_translate(article, target, **options):
                printer.event(source, event)

    if stream:
        # Printed as it comes, so one article at a time.
        return each(reading, connection, follow, lambda *_: None, as_json=as_json, in_flight=1)
    return each(reading, connection, whole, printer.whole, as_json=as_json)
