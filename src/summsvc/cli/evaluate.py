"""``summsvc evaluate``: BLEU, chrF and ROUGE of models and methods on the user's texts."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial, wraps
from typing import TYPE_CHECKING, Literal, TypeVar

import click

from summsvc.cli.articles import sentences_option, words_option
from summsvc.cli.connection import Connection, client_options
from summsvc.cli.inputs import Unicode

if TYPE_CHECKING:
    from summsvc.client import AsyncClient
    from summsvc.client.options import SummaryMethod
    from summsvc.evaluation.cases import Case
    from summsvc.evaluation.system import Output

ResultT = TypeVar("ResultT")

DEFAULT_MODEL_NAME = "server's choice"
"""Name in the report for requests that name no model."""


@click.group()
def evaluate() -> None:
    """Evaluate models and methods on your own texts with a running server.

    Needs the extra dependencies: pip install 'summsvc[evaluate]'.
    """


def _file_options(command: Callable[..., ResultT]) -> Callable[..., ResultT]:
    """Add the options of the evaluation file and of the report."""

    @wraps(command)
    def callback(**arguments: object) -> ResultT:
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
            help="Format of the file; derived from its suffix if not given.",
        ),
        click.option(
            "--from",
            "language",
            type=Unicode(),
            metavar="LANG",
            default="",
            help="BCP-47 code of the texts' language; identified by the server if not given.",
        ),
        click.option("--json", "as_json", is_flag=True, help="Print one JSON object."),
    ]
    for flag in reversed(flags):
        callback = flag(callback)
    return callback


def _models_option(help: str) -> Callable[[Callable[..., ResultT]], Callable[..., ResultT]]:
    """Add the option for the models to compare."""
    return click.option("--model", "models", type=Unicode(), metavar="ID", multiple=True, help=help)


@evaluate.command()
@_file_options
@click.option(
    "--to",
    "target",
    type=Unicode(),
    metavar="LANG",
    required=True,
    help="BCP-47 code of the target language.",
)
@_models_option(
    "Id of a model to evaluate; repeatable, further models are compared with the first."
)
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
    """Compute BLEU, chrF and chrF++ of translations.

    FILE has one text and its reference translation per line, in UTF-8: separated
    by a tab, or as JSON with "source", "reference" and optionally "title", which
    is sent as the article's headline, and "language_code". - is standard input.
    A text may be a sentence or a whole article.
    """
    from summsvc.cli import evaluation_runner
    from summsvc.evaluation import cases, metrics
    from summsvc.types import Article

    async def request(client: AsyncClient, case: Case, model: str) -> Output:
        reply = await client.translate(
            Article(case.title, case.text, case.language or language),
            target,
            model=model,
            # A short text on its own may be recognized as boilerplate, but it has a reference.
            keep_boilerplate=True,
            bypass_cache=True,
        )
        return evaluation_runner.output(
            reply.body, reply.target_language, reply.warnings, reply.models, reply.stats
        )

    return evaluation_runner.evaluate(
        path,
        evaluation_runner.file_format(path, form),
        cases.TRANSLATION_COLUMNS,
        connection,
        {model or DEFAULT_MODEL_NAME: partial(request, model=model) for model in models or ("",)},
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
    help="Method to evaluate; lead: the first sentences of the article. Repeatable, further "
    "methods are compared with the first; default: lead and extractive.",
)
@_models_option("Id of a model for abstractive summaries to evaluate; repeatable.")
@client_options(timeout=60)
def summaries(
    connection: Connection,
    path: str,
    form: str | None,
    language: str,
    sentences: int | None,
    words: int | None,
    methods: tuple[Literal["lead", "extractive", "abstractive"], ...],
    models: tuple[str, ...],
    as_json: bool,
) -> int:
    """Compute ROUGE of summaries.

    FILE has one article and its reference summary per line, in UTF-8: as JSON with
    "body", "summary" and optionally "title" and "language_code", or separated by
    a tab. - is standard input.
    """
    if sentences is not None and words is not None:
        raise click.UsageError("Give one of --sentences and --words.")
    from summsvc.articles.reader import read
    from summsvc.cli import evaluation_runner
    from summsvc.cli.inputs import InputError
    from summsvc.errors import SummsvcError
    from summsvc.evaluation import cases, metrics
    from summsvc.evaluation.lead import lead
    from summsvc.evaluation.system import Output
    from summsvc.types import Article

    def article(case: Case) -> Article:
        return Article(case.title, case.text, case.language or language)

    async def request(
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
        return evaluation_runner.output(
            reply.text, reply.target_language, reply.warnings, reply.models, reply.stats
        )

    async def baseline(_: AsyncClient, case: Case) -> Output:
        try:
            document = read(article(case))
        except SummsvcError as error:
            raise InputError(error.message) from error
        return Output(lead(document, sentences=sentences, words=words), document.language.code)

    systems: dict[str, evaluation_runner.RequestOutput] = {}
    for method in methods or (() if models else ("lead", "extractive")):
        systems[method] = baseline if method == "lead" else partial(request, method=method)
    for model in models:
        systems[model] = partial(request, method="abstractive", model=model)
    return evaluation_runner.evaluate(
        path,
        evaluation_runner.file_format(path, form),
        cases.SUMMARY_COLUMNS,
        connection,
        systems,
        metrics.summaries,
        as_json=as_json,
    )
