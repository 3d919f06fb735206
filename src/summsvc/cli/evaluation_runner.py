"""Systems tried on a user's own texts, through a running server."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import aclosing
from itertools import islice
from pathlib import Path
from typing import Any

import click

from summsvc.cli.connection import Connection, failure
from summsvc.cli.each import IN_FLIGHT, complaint, in_order
from summsvc.client import AsyncClient, ModelUse, OverloadedError, Stats, SummsvcClientError
from summsvc.client import Warning as ClientWarning
from summsvc.evaluation.cases import Case, Form, LineError, Names, read
from summsvc.evaluation.report import Measure, report
from summsvc.evaluation.system import Output, System

Ask = Callable[[AsyncClient, Case], Awaitable[Output]]

TOLD = 20
"""Complaints that are printed for each system; the others are only counted."""

TRIES = 5
"""Of one text, when the server's queue is full."""

_FOR_ALL_TEXTS = frozenset(
    ("MODEL_BROKEN", "MODEL_NOT_INSTALLED", "UNAUTHENTICATED", "UNKNOWN_MODEL", "UNKNOWN_METHOD")
)
"""Reasons that no other text changes."""


def evaluate(
    path: str,
    form: Form,
    names: Names,
    connection: Connection,
    systems: dict[str, Ask],
    measure: Measure,
    *,
    as_json: bool,
) -> int:
    """Try every system on every text of a file and print how they compare.

    Bad lines and failed texts are told on standard error and left out of all
    figures. Returns the exit code. Raises ClickException for a file without any
    text and for what would fail with every text.
    """
    cases, bad_lines = load(path, form, names)
    tried = asyncio.run(_try_all(systems, cases, connection))
    found = report(tried, cases, bad_lines, measure)
    if as_json:
        import json

        click.echo(json.dumps({"file": path, **found.as_json()}, ensure_ascii=False))
    else:
        for line in found.lines():
            click.echo(line)
    return 0 if found.is_whole else 1


def load(path: str, form: Form, names: Names) -> tuple[list[Case], list[LineError]]:
    """The texts of a file and its bad lines, which are told; "-" is standard input."""
    cases: list[Case] = []
    bad_lines: list[LineError] = []
    try:
        with click.open_file(path, "rb") as lines:
            for each in read(lines, form, names):
                if isinstance(each, Case):
                    cases.append(each)
                else:
                    bad_lines.append(each)
    except OSError as error:
        raise click.ClickException(f"{path}: {(error.strerror or str(error)).lower()}") from error
    _tell(path, {each.line: str(each) for each in bad_lines})
    if not cases:
        kind = "tab-separated" if form == "tsv" else "JSON"
        raise click.ClickException(
            f"{path}: no {kind} line with {names.text} and {names.reference} in it"
        )
    return cases, bad_lines


def form_of(path: str, given: Any) -> Form:
    """How a file is written: as told, or by its suffix."""
    if given is not None:
        return "tsv" if given == "tsv" else "jsonl"
    return "jsonl" if Path(path).suffix.lower() in (".jsonl", ".ndjson", ".json") else "tsv"


def output(
    text: str,
    language: str,
    warnings: Sequence[ClientWarning],
    models: Sequence[ModelUse],
    stats: Stats,
) -> Output:
    """An answer of the server as an output to be measured."""
    return Output(
        text,
        language,
        tuple(each.type.name if each.type else "OTHER" for each in warnings),
        tuple(f"{each.model}, {each.engine}, {each.revision}".rstrip(", ") for each in models),
        stats.output_tokens,
        stats.total_ms,
    )


async def _try_all(
    systems: dict[str, Ask], cases: Sequence[Case], connection: Connection
) -> list[System]:
    async with AsyncClient(**connection) as client:
        # Loads the models, so that no time is measured with that in it, and
        # shows before hours of work whether all of them can be asked.
        for ask in systems.values():
            try:
                await ask(client, cases[0])
            except Exception as error:
                if isinstance(error, SummsvcClientError) and error.reason in _FOR_ALL_TEXTS:
                    raise failure(error, connection) from error
                complaint(error, connection)
        return [await _try(client, name, ask, cases, connection) for name, ask in systems.items()]


async def _try(
    client: AsyncClient, name: str, ask: Ask, cases: Sequence[Case], connection: Connection
) -> System:
    """One system on all texts, IN_FLIGHT of them at once."""
    system = System(name)

    async def patiently(case: Case) -> Output:
        for _ in range(TRIES - 1):
            try:
                return await ask(client, case)
            except OverloadedError as error:
                await asyncio.sleep(error.retry_after or 1)
        return await ask(client, case)

    bar = click.progressbar(
        length=len(cases), label=name, file=sys.stderr, hidden=not sys.stderr.isatty()
    )
    begin = time.monotonic()
    with bar:
        async with aclosing(in_order(cases, patiently, IN_FLIGHT)) as outcomes:
            async for case, outcome in outcomes:
                if isinstance(outcome, BaseException):
                    system.failures[case.line] = complaint(outcome, connection)
                else:
                    system.outputs[case.line] = outcome
                bar.update(1)
    system.wall_s = time.monotonic() - begin
    _tell(name, system.failures)
    return system


def _tell(name: str, complaints: dict[int, str]) -> None:
    for line, message in islice(complaints.items(), TOLD):
        click.echo(f"{name}: line {line}: {message}", err=True)
    if len(complaints) > TOLD:
        click.echo(f"{name}: and {len(complaints) - TOLD:,} more", err=True)
