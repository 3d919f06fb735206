"""``summsvc health``: print the health status of a server."""

from __future__ import annotations

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
@client_options(timeout=5)
def health(connection: Connection, service: str) -> int:
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
    click.echo(status)
    return 0 if status == "SERVING" else 1
