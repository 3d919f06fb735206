"""``summsvc summarize``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from summsvc.cli.articles import Reading, article_options
from summsvc.cli.connection import Connection, client_options
from summsvc.cli.inputs import Source, Unicode
from summsvc.cli.lengths import sentences_option, words_option

if TYPE_CHECKING:
    from summsvc.client import AsyncClient, Summary
    from summsvc.types import Article


@click.command()
@article_options
@sentences_option
@words_option
@click.option(
    "--ratio",
    type=click.FloatRange(0, 1, min_open=True),
    help="At most this share of the article's words.",
)
@click.option(
    "--method",
    type=click.Choice(["extractive", "abstractive"]),
    help="Sentences of the article, or text written by a model. Unless told, abstractive "
    "with --model, else the server's default, which `summsvc info` shows.",
)
@click.option(
    "--to",
    "target",
    type=Unicode(),
    metavar="LANG",
    default="",
    help="Language of the summary; the article's own unless given.",
)
@click.option(
    "--model", type=Unicode(), metavar="ID", default="", help="Model of an abstractive summary."
)
@click.option(
    "--translation-model",
    type=Unicode(),
    metavar="ID",
    default="",
    help="Model that translates the summary; only with --to.",
)
@client_options(timeout=60)
def summarize(
    connection: Connection,
    reading: Reading,
    sentences: int | None,
    words: int | None,
    ratio: float | None,
    method: Any,
    target: str,
    model: str,
    translation_model: str,
    keep_boilerplate: bool,
    as_json: bool,
) -> int:
    """Summarize articles.

    PATH is a UTF-8 text, HTML or Markdown file, a folder of such files, or - for
    standard input. The summary and the article's language go to standard output,
    remarks to standard error.
    """
    if sum(length is not None for length in (sentences, words, ratio)) > 1:
        raise click.UsageError("Give one of --sentences, --words and --ratio.")
    from summsvc.cli import output
    from summsvc.cli.each import each

    headings = output.Headings(len(reading.sources))

    async def work(client: AsyncClient, _: Source, article: Article) -> Summary:
        return await client.summarize(
            article,
            max_sentences=sentences,
            max_words=words,
            ratio=ratio,
            method=method,
            target_language=target,
            model=model,
            translation_model=translation_model,
            keep_boilerplate=keep_boilerplate,
        )

    def show(source: Source, summary: Summary) -> None:
        if as_json:
            click.echo(output.to_json(summary.raw))
            return
        headings.show(source)
        click.echo(f"{summary.text}\n")
        click.echo(output.language_line(summary.language, summary.target_language, summary.models))
        output.show_warnings(source, summary.warnings)

    return each(reading, connection, work, show, as_json=as_json)
