"""``summsvc health``: print the health status of a server."""

from __future__ import annotations

import json

import click

from summsvc.cli.connection import Connection, as_click_exception, client_options
from summsvc.cli.inputs import Unicode


@click.command()
@click.option(
    "--service",
    type=Unicode(),
    default="",
    help="Full name of a service, for example summsvc.v1.TranslationService, which is ready "
    "when it has a model; if not given, the server process itself is checked.",
)
@click.option(
    "--json",
    "as_json",
    is_flag=True,
    help="Print one JSON object with server, service and status.",
)
@client_options(timeout=5)
def health(connection: Connection, service: str, as_json: bool) -> int:
    """Check whether a server is ready.

    Prints the status; the exit code is 0 only if it is SERVING.
    """
    from summsvc.client import Client, NotFoundError, SummsvcClientError

    with Client(**connection) as client:
        try:
            status = client.health(service)
        except NotFoundError as error:
            raise click.ClickException(
                f"{connection['server']} has no service '{service}'; "
                "a service name is for example summsvc.v1.TranslationService"
            ) from error
        except SummsvcClientError as error:
            raise as_click_exception(error, connection) from error
    if as_json:
        facts = {"server": connection["server"], "service": service, "status": status}
        click.echo(json.dumps(facts, ensure_ascii=False))
    else:
        click.echo(status)
    if status == "SERVING":
        return 0
    click.echo(
        "the server answers, but is not ready; `summsvc info` shows the state of each model, "
        "`summsvc models pull ID` installs one",
        err=True,
    )
    return 1
