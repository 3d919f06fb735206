"""The command ``summsvc bench``."""

from __future__ import annotations

import asyncio
import json
import signal
from typing import TYPE_CHECKING, TypedDict

import click

from summsvc.cli.connection import Connection, as_click_exception, client_options
from summsvc.cli.display import terminal
from summsvc.cli.display.progress import spinner
from summsvc.cli.inputs import InputError, Unicode, find_sources

if TYPE_CHECKING:
    from summsvc.cli.bench.load import Call, Plan
    from summsvc.cli.bench.report import Report
    from summsvc.client import AsyncClient, Stats
    from summsvc.types import Article

MAX_CLIENTS = 1_000
MAX_RATE = 10_000
MAX_SECONDS = 3_600


class Operation(TypedDict):
    """What every call asks for. target: "" for a summary in the article's language."""

    target: str
    model: str
    sentences: int | None
    cache: bool


@click.command()
@click.argument("paths", metavar="[PATH]...", nargs=-1)
@click.option(
    "--to",
    "target",
    type=Unicode(),
    metavar="LANG",
    default="",
    help="Translate into this language; without it, summaries are measured.",
)
@click.option("--model", type=Unicode(), metavar="ID", default="", help="Id of the model.")
@click.option(
    "--sentences", type=click.IntRange(1, 1_000), help="Sentences of each summary; 3 if not given."
)
@click.option(
    "--clients",
    type=click.IntRange(1, MAX_CLIENTS),
    default=8,
    show_default=True,
    help="Clients of a closed loop: each sends its next call after the reply to its last one.",
)
@click.option(
    "--rate",
    type=click.FloatRange(0, MAX_RATE, min_open=True),
    help="Calls per second, sent whether earlier calls have ended or not; latency then counts "
    "from the time at which a call was due. Replaces --clients.",
)
@click.option(
    "--seconds",
    type=click.FloatRange(0, MAX_SECONDS, min_open=True),
    default=10,
    show_default=True,
    help="Duration: no call begins later.",
)
@click.option(
    "--calls", type=click.IntRange(1, 1_000_000), help="Number of calls after which none begins."
)
@click.option("--cache", is_flag=True, help="Let the server answer from its cache of outputs.")
@click.option("--allow-remote", is_flag=True, help="Allow a server that is not on this machine.")
@click.option("--json", "as_json", is_flag=True, help="Print the report as one JSON object.")
@client_options(timeout=60)
def bench(
    connection: Connection,
    paths: tuple[str, ...],
    target: str,
    model: str,
    sentences: int | None,
    clients: int,
    rate: float | None,
    seconds: float,
    calls: int | None,
    cache: bool,
    allow_remote: bool,
    as_json: bool,
) -> int:
    """Measure the latency and throughput of a running server under load.

    The articles are those of the files and folders PATH, one after another, or a built-in news
    article. One call is made first and not counted; it loads the models. The server's cache is
    bypassed, so that equal articles are computed each time. Ctrl-C ends the test and prints the
    report so far. The exit code is 1 if a call failed.

    A load test takes all the time of a server: only servers on this machine are accepted,
    unless --allow-remote is given.
    """
    from summsvc.cli.bench.load import MAX_CALLS, Plan
    from summsvc.cli.bench.target import is_loopback

    if sentences is not None and target:
        raise click.UsageError("--sentences is for summaries; a translation has all sentences.")
    server = connection["server"]
    if not allow_remote and not is_loopback(server):
        raise click.UsageError(
            f"{server} is not this machine. A load test keeps a server busy; if you may do that "
            "there, add --allow-remote."
        )
    articles = _articles(paths)
    plan = Plan(clients, rate, seconds, calls or MAX_CALLS)
    operation = Operation(target=target, model=model, sentences=sentences, cache=cache)
    report = asyncio.run(_measure(connection, articles, operation, plan))
    if as_json:
        click.echo(json.dumps(report.as_json(), ensure_ascii=False))
    else:
        _print(report)
    if report.outcome.interrupted:
        return 130
    return 1 if report.outcome.failures or not report.outcome.completed else 0


def _articles(paths: tuple[str, ...]) -> list[Article]:
    from summsvc.cli.bench.article import built_in

    articles = []
    for source in find_sources(paths):
        try:
            articles.append(source.load(title="", language="", mime_type=None))
        except InputError as error:
            raise click.ClickException(f"{source.name}: {error}") from error
    return articles or [built_in()]


async def _measure(
    connection: Connection, articles: list[Article], operation: Operation, plan: Plan
) -> Report:
    from summsvc.cli.bench.load import run
    from summsvc.cli.bench.report import Report
    from summsvc.client import AsyncClient, SummsvcClientError

    async with AsyncClient(**connection) as client:
        call = _call(client, articles, operation)
        try:
            version = (await client.server_info()).version
            await call(0)
        except SummsvcClientError as error:
            raise as_click_exception(error, connection) from error
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()

        def interrupt() -> None:
            # A second Ctrl-C ends the process at once.
            loop.remove_signal_handler(signal.SIGINT)
            stop.set()

        loop.add_signal_handler(signal.SIGINT, interrupt)
        with spinner(f"calling for {plan.seconds:g} s; Ctrl-C ends it") as show_spinner:
            show_spinner()
            outcome = await run(plan, call, stop)
        loop.remove_signal_handler(signal.SIGINT)
    target = operation["target"]
    named = f"translate to {target}" if target else "summarize"
    cache = operation["cache"]
    return Report(connection["server"], version, named, len(articles), cache, plan, outcome)


def _call(client: AsyncClient, articles: list[Article], operation: Operation) -> Call:
    bypass = not operation["cache"]

    async def translate(number: int) -> Stats:
        article = articles[number % len(articles)]
        reply = await client.translate(
            article, operation["target"], model=operation["model"], bypass_cache=bypass
        )
        return reply.stats

    async def summarize(number: int) -> Stats:
        reply = await client.summarize(
            articles[number % len(articles)],
            max_sentences=operation["sentences"],
            model=operation["model"],
            bypass_cache=bypass,
        )
        return reply.stats

    return translate if operation["target"] else summarize


def _print(report: Report) -> None:
    console = terminal.out()
    for number, line in enumerate(report.lines()):
        if console is None:
            click.echo(line)
        else:
            heading = number == 0 or line.startswith(("Latency", "   up to"))
            console.print(line, style="bold" if heading else None, soft_wrap=True)
