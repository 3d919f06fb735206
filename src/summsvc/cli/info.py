"""``summsvc info``: version, limits, models and routes of a server."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from summsvc.cli.connection import Connection, as_click_exception, client_options
from summsvc.cli.display import terminal

if TYPE_CHECKING:
    from rich.console import RenderableType

    from summsvc.client import ModelList, ServerInfo


@click.command()
@click.option(
    "--json",
    "as_json",
    is_flag=True,
    help="Print one JSON object with the server's information, models and routes.",
)
@client_options(timeout=10)
def info(connection: Connection, as_json: bool) -> None:
    """Show version, limits, models and routes of a server."""
    from summsvc.cli.output import to_json
    from summsvc.client import Client, SummsvcClientError

    with Client(**connection) as client:
        try:
            server, models = client.server_info(), client.list_models()
        except SummsvcClientError as error:
            raise as_click_exception(error, connection) from error
    if as_json:
        merged = json.loads(to_json(server.raw)) | json.loads(to_json(models.raw))
        click.echo(json.dumps(merged, ensure_ascii=False))
        return
    if console := terminal.out():
        for table in _tables(server, models):
            console.print(table, end="\n\n")
        return
    for line in _lines(server, models):
        click.echo(line)


def _tables(server: ServerInfo, models: ModelList) -> Iterator[RenderableType]:
    """What the plain lines say, for a terminal."""
    from summsvc.cli.display import tables

    about = [
        ("version", server.version),
        ("up for", f"{server.uptime_s:,.0f} s"),
        ("languages", ", ".join(server.languages)),
        ("article formats", ", ".join(server.mime_types)),
        ("default summary method", server.default_summary_method or "unknown"),
        ("caller", server.caller or "unknown"),
    ]
    if server.processes > 1:
        about.insert(2, ("processes", f"{server.processes}, each with the limits below"))
    yield tables.facts("summsvc", about)
    yield tables.facts("Components", sorted(server.components.items()))
    limits = dataclasses.asdict(server.limits).items()
    yield tables.facts("Limits", ((name, f"{value:,}") for name, value in limits))
    yield tables.models(
        tables.ModelRow(
            id=model.id,
            state=(model.state or "unknown").replace("_", " "),
            task=model.task or "unknown",
            size=f"{model.size_bytes / 1e6:,.1f} MB",
            license=model.license.spdx_id or model.license.note or "unknown",
            restricted=model.license.non_commercial,
            pairs=model.pairs,
            problem=model.error,
        )
        for model in models.models
    )
    yield tables.routes(
        (f"{route.source_language}-{route.target_language}", route.models, route.installed)
        for route in models.routes
    )


def _lines(server: ServerInfo, models: ModelList) -> Iterator[str]:
    yield f"summsvc {server.version}, up for {server.uptime_s:.0f} s"
    if server.processes > 1:
        yield f"Processes: {server.processes}, each with the limits below"
    yield f"Languages: {', '.join(server.languages)}"
    yield f"Article formats: {', '.join(server.mime_types)}"
    yield f"Default summary method: {server.default_summary_method or 'unknown'}"
    yield f"Caller: {server.caller or 'unknown'}"
    yield "Components:"
    for name, version in sorted(server.components.items()):
        yield f"  {name} {version}"
    yield "Limits:"
    for name, value in dataclasses.asdict(server.limits).items():
        yield f"  {name} {value:,}"
    yield "Models:"
    for model in models.models:
        pairs = " ".join("-".join(pair) for pair in model.pairs)
        state = (model.state or "unknown").replace("_", " ")
        yield f"  {model.id}: {state}, {model.task or 'unknown task'} {pairs}".rstrip()
        if model.error:
            yield f"    {model.error}"
    yield "Routes:"
    for route in models.routes:
        installed = "" if route.installed else " (not installed)"
        through = " then ".join(route.models)
        yield f"  {route.source_language}-{route.target_language}: {through}{installed}"
