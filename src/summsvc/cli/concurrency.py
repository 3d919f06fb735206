"""Concurrent calls for several articles, with results in the order of the inputs."""

from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable
from contextlib import aclosing
from typing import TypeVar

import click

from summsvc.cli.articles import ArticleInputs
from summsvc.cli.connection import Connection, as_click_exception, explain, is_unreachable
from summsvc.cli.display.progress import Progress
from summsvc.cli.display.terminal import printable
from summsvc.cli.inputs import InputError, Source
from summsvc.client import AsyncClient, SummsvcClientError
from summsvc.types import Article

ItemT = TypeVar("ItemT")
ResultT = TypeVar("ResultT")

MAX_CONCURRENT_CALLS = 8
"""Maximum calls in flight; the server combines concurrent calls into batches."""


def process_articles(
    inputs: ArticleInputs,
    connection: Connection,
    process: Callable[[AsyncClient, Source, Article], Awaitable[ResultT]],
    show: Callable[[Source, Article, ResultT], None],
    *,
    as_json: bool,
    limit: int = MAX_CONCURRENT_CALLS,
) -> int:
    """Call ``process`` for every article and ``show`` every result, in the order of the sources.

    limit: maximum calls in flight. An article that fails is reported on standard
    error and does not affect the others. Returns the exit code. Raises Unreachable
    if no server answers.
    """

    async def process_all() -> int:
        failed = 0
        async with AsyncClient(**connection) as client:

            async def process_one(source: Source) -> tuple[Article, ResultT]:
                load = inputs.load
                article = await asyncio.to_thread(load, source) if source.address else load(source)
                return article, await process(client, source, article)

            length = len(inputs.sources)
            with Progress("articles", length, hidden=length == 1 or limit == 1) as progress:
                async with aclosing(ordered(inputs.sources, process_one, limit)) as outcomes:
                    async for source, outcome in outcomes:
                        is_error = isinstance(outcome, BaseException)
                        with progress.paused():
                            if isinstance(outcome, BaseException):
                                message = f"{source.name}: {describe(outcome, connection)}"
                                click.echo(printable(message), err=True)
                                if as_json:
                                    click.echo(json.dumps({"error": message}, ensure_ascii=False))
                            else:
                                show(source, *outcome)
                        progress.advance(failed=is_error)
                        failed += is_error
        return 1 if failed else 0

    return asyncio.run(process_all())


async def ordered(
    items: Iterable[ItemT], process: Callable[[ItemT], Awaitable[ResultT]], limit: int
) -> AsyncGenerator[tuple[ItemT, ResultT | BaseException], None]:
    """Yield each item with its result or exception, in the order of the items.

    limit: maximum items in progress. Closing the iterator cancels them.
    """
    in_progress: deque[tuple[ItemT, asyncio.Future[ResultT]]] = deque()

    async def next_outcome() -> tuple[ItemT, ResultT | BaseException]:
        item, task = in_progress[0]
        (outcome,) = await asyncio.gather(task, return_exceptions=True)
        in_progress.popleft()
        return item, outcome

    try:
        for item in items:
            in_progress.append((item, asyncio.ensure_future(process(item))))
            if len(in_progress) == limit:
                yield await next_outcome()
        while in_progress:
            yield await next_outcome()
    finally:
        for _, task in in_progress:
            task.cancel()
        await asyncio.gather(*(task for _, task in in_progress), return_exceptions=True)


def describe(error: BaseException, connection: Connection) -> str:
    """Describe the failure of one article in one line; raise any error that is not one."""
    if isinstance(error, InputError):
        return str(error)
    if isinstance(error, SummsvcClientError) and is_unreachable(error):
        raise as_click_exception(error, connection) from error
    if isinstance(error, SummsvcClientError):
        return explain(error, connection)
    raise error
