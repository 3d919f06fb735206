"""``summsvc health``."""

from __future__ import annotations

import click

from summsvc.cli.connection import Connection, client_options, failure
from summsvc.cli.inputs import Unicode


@click.command()
@click.option(
    "--service",
    type=Unicode(),
    default="",
    help="Full name, for example summsvc.v1.TranslationService, which is ready once it has a "
    "model; unless given, whether the server is alive.",
)
@client_options(timeout=5)
def health(connection: Connection, service: str) -> int:
    """Ask whether a server is ready.

    Prints the status and exits with 0 only when it is SERVING.
    """
    from summsvc.client import Client, NotFoundError, SummsvcClientError

    with Client(**connection) as client:
        try:
            status = client.health(service)
        except NotFoundError as error:
            raise click.ClickException(
                f"{connection['server']} knows no service '{service}'; "
                "summsvc.v1.TranslationService is the name of one"
            ) from error
        except SummsvcClientError as error:
            raise failure(error, connection) from error
    click.echo(status)
    return 0 if status == "SERVING" else 1
