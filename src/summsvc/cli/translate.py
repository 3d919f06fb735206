"""``summsvc translate``: translate files, folders or standard input."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from summsvc.cli.articles import ArticleInputs, article_options
from summsvc.cli.connection import Connection, client_options
from summsvc.cli.inputs import Source, Unicode, load_glossary

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
    help="BCP-47 code of the target language, for example lt.",
)
@click.option(
    "--model",
    type=Unicode(),
    metavar="ID",
    default="",
    help="Id of the translation model; `summsvc info` lists them. The server chooses one if not "
    "given.",
)
@click.option(
    "--stream",
    is_flag=True,
    help="Print each segment as soon as it is translated; one article at a time.",
)
@click.option(
    "--segments", is_flag=True, help="Print source segments with their translations and scores."
)
@click.option(
    "--do-not-translate",
    "terms",
    type=Unicode(),
    metavar="TERM",
    multiple=True,
    help="Term that is copied unchanged; repeatable.",
)
@click.option(
    "--glossary",
    "glossary_file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="UTF-8 file of prescribed translations: one term, a tab and its translation per line.",
)
@client_options(timeout=60)
def translate(
    connection: Connection,
    inputs: ArticleInputs,
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

    PATH is a text, HTML or Markdown file, a folder of such files, the http or
    https address of a web page, or - for standard input. The translation is printed on
    standard output in the article's format, everything else on standard error.
    """
    from summsvc.cli.concurrency import process_articles
    from summsvc.cli.translation_printer import TranslationPrinter

    options: TranslationOptions = {
        "model": model,
        "do_not_translate": terms,
        "glossary": load_glossary(glossary_file) if glossary_file else {},
        "keep_boilerplate": keep_boilerplate,
        "include_segments": segments,
    }
    printer = TranslationPrinter(
        len(inputs.sources), as_json=as_json, segments=segments, titled=bool(inputs.title)
    )

    async def translate_article(client: AsyncClient, _: Source, article: Article) -> Translation:
        return await client.translate(article, target, **options)

    async def stream_article(client: AsyncClient, source: Source, article: Article) -> None:
        with printer.streaming():
            async for event in client.stream_translate(article, target, **options):
                printer.print_event(source, article, event)

    if stream:
        # Segments are printed as they arrive, so that only one call may be in flight.
        return process_articles(
            inputs, connection, stream_article, lambda *_: None, as_json=as_json, limit=1
        )
    return process_articles(
        inputs, connection, translate_article, printer.print_translation, as_json=as_json
    )
