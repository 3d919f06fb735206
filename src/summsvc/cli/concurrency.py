"""One job over many articles: several at once, results in order."""

from __future__ import annotations

import asyncio
import json
import sys
from collections import deque
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable
from contextlib import aclosing
from typing import TypeVar

import click

from summsvc.cli.articles import Reading
from summsvc.cli.connection import Connection, explain, failure, is_unreachable
from summsvc.cli.inputs import InputError, Source
from summsvc.client import AsyncClient, SummsvcClientError
from summsvc.types import Article

A = TypeVar("A")
R = TypeVar("R")

IN_FLIGHT = 8
"""Articles on the way at once; the server batches them."""


def each(
    reading: Reading,
    connection: Connection,
    work: Callable[[AsyncClient, Source, Article], Awaitable[R]],
    show: Callable[[Source, R], None],
    *,
    as_json: bool,
    in_flight: int = IN_FLIGHT,
) -> int:
    """Do ``work`` on every article and ``show`` each result, in the order of the sources.

    What fails is told on standard error and stops nothing else, but without a
    server nothing goes on: raises Unreachable. Returns the exit code.
    """

    async def run() -> int:
        failed = 0
        async with AsyncClient(**connection) as client:

            async def one(source: Source) -> R:
                return await work(client, source, reading.read(source))

            several = len(reading.sources) > 1 and in_flight > 1
            bar = click.progressbar(
                length=len(reading.sources),
                file=sys.stderr,
                hidden=not (several and sys.stderr.isatty()),
            )
            with bar:
                async with aclosing(in_order(reading.sources, one, in_flight)) as outcomes:
                    async for source, outcome in outcomes:
                        if not bar.hidden:
                            click.echo("\r\x1b[2K", nl=False, err=True)
                        if isinstance(outcome, BaseException):
                            message = f"{source.name}: {complaint(outcome, connection)}"
                            click.echo(message, err=True)
                            if as_json:
                                click.echo(json.dumps({"error": message}, ensure_ascii=False))
                            failed += 1
                        else:
                            show(source, outcome)
                        bar.update(1)
        return 1 if failed else 0

    return asyncio.run(run())


async def in_order(
    items: Iterable[A], work: Callable[[A], Awaitable[R]], limit: int
) -> AsyncGenerator[tuple[A, R | BaseException], None]:
    """Each item with its result or exception, in order, at most ``limit`` ahead.

    Leaving the iterator cancels what is under way.
    """
    under_way: deque[tuple[A, asyncio.Future[R]]] = deque()

    async def next_done() -> tuple[A, R | BaseException]:
        item, task = under_way[0]
        (outcome,) = await asyncio.gather(task, return_exceptions=True)
        under_way.popleft()
        return item, outcome

    try:
        for item in items:
            under_way.append((item, asyncio.ensure_future(work(item))))
            if len(under_way) == limit:
                yield await next_done()
        while under_way:
            yield await next_done()
    finally:
        for _, task in under_way:
            task.cancel()
        await asyncio.gather(*(task for _, task in under_way), return_exceptions=True)


def complaint(error: BaseException, connection: Connection) -> str:
    """One line about an expected error; raises what is not one."""
    if isinstance(error, InputError):
        return str(error)
    if isinstance(error, SummsvcClientError) and is_unreachable(error):
        raise failure(error, connection) from error
    if isinstance(error, SummsvcClientError):
        return explain(error, connection)
    raise error
