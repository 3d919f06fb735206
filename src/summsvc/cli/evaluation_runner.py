"""Evaluation runner: sends the cases of a file to a server, for each model or method."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import aclosing
from itertools import islice
from pathlib import Path

import click

from summsvc.cli.concurrency import MAX_CONCURRENT_CALLS, describe, ordered
from summsvc.cli.connection import Connection, as_click_exception
from summsvc.cli.display.progress import Progress
from summsvc.client import AsyncClient, ModelUse, OverloadedError, Stats, SummsvcClientError
from summsvc.client import Warning as ClientWarning
from summsvc.evaluation.cases import Case, ColumnNames, FileFormat, LineError, parse_cases
from summsvc.evaluation.report import Measure, build_report
from summsvc.evaluation.system import Output, System

RequestOutput = Callable[[AsyncClient, Case], Awaitable[Output]]

MAX_PRINTED_FAILURES = 20
"""Failures that are printed per system; further failures are only counted."""

MAX_ATTEMPTS = 5
"""Attempts per text while the server's queue is full."""

_FATAL_REASONS = frozenset(
    ("MODEL_BROKEN", "MODEL_NOT_INSTALLED", "UNAUTHENTICATED", "UNKNOWN_MODEL", "UNKNOWN_METHOD")
)
"""Reasons of errors that occur with every text."""


def evaluate(
    path: str,
    form: FileFormat,
    names: ColumnNames,
    connection: Connection,
    systems: dict[str, RequestOutput],
    measure: Measure,
    *,
    as_json: bool,
) -> int:
    """Evaluate every system on every case of a file and print the comparison.

    systems: function that requests an output, by system name. Invalid lines and
    failed cases are reported on standard error and excluded from all metrics.
    Returns the exit code. Raises ClickException for a file without any case and
    for an error that would occur with every case.
    """
    cases, bad_lines = load(path, form, names)
    evaluated = asyncio.run(_evaluate_all(systems, cases, connection))
    report = build_report(evaluated, cases, bad_lines, measure)
    if as_json:
        import json

        click.echo(json.dumps({"file": path, **report.as_json()}, ensure_ascii=False))
    else:
        for line in report.lines():
            click.echo(line)
    return 0 if report.is_complete else 1


def load(path: str, form: FileFormat, names: ColumnNames) -> tuple[list[Case], list[LineError]]:
    """Load the cases of a file and report its invalid lines; "-" is standard input."""
    cases: list[Case] = []
    bad_lines: list[LineError] = []
    try:
        with click.open_file(path, "rb") as lines:
            for parsed in parse_cases(lines, form, names):
                if isinstance(parsed, Case):
                    cases.append(parsed)
                else:
                    bad_lines.append(parsed)
    except OSError as error:
        raise click.ClickException(f"{path}: {(error.strerror or str(error)).lower()}") from error
    _print_failures(path, {error.line: str(error) for error in bad_lines})
    if not cases:
        kind = "tab-separated" if form == "tsv" else "JSON"
        raise click.ClickException(
            f"{path}: no {kind} line with {names.text} and {names.reference} in it"
        )
    return cases, bad_lines


def file_format(path: str, given: str | None) -> FileFormat:
    """Return the format of a file: as given, or by its suffix."""
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
    """Convert a reply of the server to an output to evaluate."""
    return Output(
        text,
        language,
        tuple(warning.type.name if warning.type else "OTHER" for warning in warnings),
        tuple(f"{use.model}, {use.engine}, {use.revision}".rstrip(", ") for use in models),
        stats.output_tokens,
        stats.total_ms,
    )


async def _evaluate_all(
    systems: dict[str, RequestOutput], cases: Sequence[Case], connection: Connection
) -> list[System]:
    async with AsyncClient(**connection) as client:
        # Loads the models, so that measured times exclude loading, and detects
        # an unusable system before hours of work.
        for request in systems.values():
            try:
                await request(client, cases[0])
            except Exception as error:
                if isinstance(error, SummsvcClientError) and error.reason in _FATAL_REASONS:
                    raise as_click_exception(error, connection) from error
                describe(error, connection)
        return [
            await _evaluate_system(client, name, request, cases, connection)
            for name, request in systems.items()
        ]


async def _evaluate_system(
    client: AsyncClient,
    name: str,
    request: RequestOutput,
    cases: Sequence[Case],
    connection: Connection,
) -> System:
    """Evaluate one system on all cases, with at most MAX_CONCURRENT_CALLS in flight."""
    system = System(name)

    async def request_with_retries(case: Case) -> Output:
        for _ in range(MAX_ATTEMPTS - 1):
            try:
                return await request(client, case)
            except OverloadedError as error:
                await asyncio.sleep(error.retry_after or 1)
        return await request(client, case)

    start = time.monotonic()
    with Progress(name, len(cases)) as progress:
        async with aclosing(ordered(cases, request_with_retries, MAX_CONCURRENT_CALLS)) as outcomes:
            async for case, outcome in outcomes:
                if isinstance(outcome, BaseException):
                    system.failures[case.line] = describe(outcome, connection)
                else:
                    system.outputs[case.line] = outcome
                progress.advance(failed=isinstance(outcome, BaseException))
    system.wall_s = time.monotonic() - start
    _print_failures(name, system.failures)
    return system


def _print_failures(name: str, failures: dict[int, str]) -> None:
    for line, message in islice(failures.items(), MAX_PRINTED_FAILURES):
        click.echo(f"{name}: line {line}: {message}", err=True)
    if len(failures) > MAX_PRINTED_FAILURES:
        click.echo(f"{name}: and {len(failures) - MAX_PRINTED_FAILURES:,} more", err=True)
