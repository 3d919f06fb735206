"""``summsvc evaluate``: which model is best on a user's own texts."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial, wraps
from typing import TYPE_CHECKING, Any

import click

from summsvc.cli.connection import Connection, client_options
from summsvc.cli.inputs import Unicode
from summsvc.cli.lengths import sentences_option, words_option

if TYPE_CHECKING:
    from summsvc.client import AsyncClient
    from summsvc.client.options import SummaryMethod
    from summsvc.evaluation.cases import Case
    from summsvc.evaluation.system import Output

SERVERS_CHOICE = "server's choice"


@click.group()
def evaluate() -> None:
    """Measure models and methods on your own texts, through a running server.

    Needs the extra: pip install 'summsvc[evaluate]'.
    """


def _file_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """The file and how it is read and reported."""

    @wraps(command)
    def callback(**arguments: Any) -> Any:
        try:
            import rouge_score  # noqa: F401
            import sacrebleu  # noqa: F401
        except ModuleNotFoundError as error:
            raise click.ClickException(
                f"needs {error.name}; install it with: pip install 'summsvc[evaluate]'"
            ) from error
        return command(**arguments)

    flags = [
        click.argument("path", metavar="FILE", type=Unicode()),
        click.option(
            "--format",
            "form",
            type=click.Choice(["tsv", "jsonl"]),
            help="How the file is written; told from its suffix unless given.",
        ),
        click.option(
            "--from", "language", type=Unicode(), metavar="LANG", default="", help="Their language."
        ),
        click.option("--json", "as_json", is_flag=True, help="Print one JSON object."),
    ]
    for flag in reversed(flags):
        callback = flag(callback)
    return callback


def _models_option(help: str) -> Callable[[Any], Any]:
    """The models that are measured beside each other."""
    return click.option("--model", "models", type=Unicode(), metavar="ID", multiple=True, help=help)


@evaluate.command()
@_file_options
@click.option(
    "--to",
    "target",
    type=Unicode(),
    metavar="LANG",
    required=True,
    help="Language to translate into.",
)
@_models_option("Model to measure; repeatable, the others are compared with the first.")
@client_options(timeout=60)
def translation(
    connection: Connection,
    path: str,
    form: str | None,
    language: str,
    target: str,
    models: tuple[str, ...],
    as_json: bool,
) -> int:
    """BLEU, chrF and chrF++ of translations beside your own.

    FILE has a text and its translation on each line, in UTF-8: with a tab between
    them, or as JSON with "source", "reference" and, if you like, "title", which
    goes along as the article's headline, and "language_code". - is standard
    input. A text may be a sentence or a whole article.
    """
    from summsvc.cli import evaluation
    from summsvc.evaluation import cases, metrics
    from summsvc.types import Article

    async def ask(client: AsyncClient, case: Case, model: str) -> Output:
        reply = await client.translate(
            Article(case.title, case.text, case.language or language),
            target,
            model=model,
            # A short text alone may look like noise, and has a reference.
            keep_boilerplate=True,
            bypass_cache=True,
        )
        return evaluation.output(
            reply.body, reply.target_language, reply.warnings, reply.models, reply.stats
        )

    return evaluation.evaluate(
        path,
        evaluation.form_of(path, form),
        cases.TRANSLATION,
        connection,
        {model or SERVERS_CHOICE: partial(ask, model=model) for model in models or ("",)},
        lambda outputs, references, _: metrics.translation(outputs, references, target),
        as_json=as_json,
    )


@evaluate.command()
@_file_options
@sentences_option
@words_option
@click.option(
    "--method",
    "methods",
    type=click.Choice(["lead", "extractive", "abstractive"]),
    multiple=True,
    help="Method to measure; lead is how the article begins. Repeatable, the others are "
    "compared with the first; lead and extractive unless given.",
)
@_models_option("Model of abstractive summaries to measure; repeatable.")
@client_options(timeout=60)
def summaries(
    connection: Connection,
    path: str,
    form: str | None,
    language: str,
    sentences: int | None,
    words: int | None,
    methods: tuple[Any, ...],
    models: tuple[str, ...],
    as_json: bool,
) -> int:
    """ROUGE of summaries beside your own.

    FILE has an article and its summary on each line, in UTF-8: as JSON with
    "body", "summary" and, if you like, "title" and "language_code", or with a tab
    between article and summary. - is standard input.
    """
    if sentences is not None and words is not None:
        raise click.UsageError("Give one of --sentences and --words.")
    from summsvc.articles.reader import read
    from summsvc.cli import evaluation
    from summsvc.cli.inputs import InputError
    from summsvc.errors import SummsvcError
    from summsvc.evaluation import cases, metrics
    from summsvc.evaluation.lead import lead
    from summsvc.evaluation.system import Output
    from summsvc.types import Article

    def article(case: Case) -> Article:
        return Article(case.title, case.text, case.language or language)

    async def ask(
        client: AsyncClient, case: Case, method: SummaryMethod, model: str = ""
    ) -> Output:
        reply = await client.summarize(
            article(case),
            max_sentences=sentences,
            max_words=words,
            method=method,
            model=model,
            bypass_cache=True,
        )
        return evaluation.output(
            reply.text, reply.target_language, reply.warnings, reply.models, reply.stats
        )

    async def begin(_: AsyncClient, case: Case) -> Output:
        try:
            document = read(article(case))
        except SummsvcError as error:
            raise InputError(error.message) from error
        return Output(lead(document, sentences=sentences, words=words), document.language.code)

    systems: dict[str, evaluation.Ask] = {}
    for method in methods or (() if models else ("lead", "extractive")):
        systems[method] = begin if method == "lead" else partial(ask, method=method)
    for model in models:
        systems[model] = partial(ask, method="abstractive", model=model)
    return evaluation.evaluate(
        path,
        evaluation.form_of(path, form),
        cases.SUMMARIES,
        connection,
        systems,
        metrics.summaries,
        as_json=as_json,
    )
