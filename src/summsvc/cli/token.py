"""``summsvc token``: a random bearer token, and its entry for the server's file of callers."""

from __future__ import annotations

import json
import secrets

import click

from summsvc.cli.inputs import Unicode

TOKEN_BYTES = 32
"""Random bytes of a token: 256 bits, as many as its digest has."""


@click.command()
@click.argument("name", type=Unicode())
@click.option(
    "--json",
    "as_json",
    is_flag=True,
    help="Print one JSON object with name, token and token_sha256, all on standard output.",
)
def token(name: str, as_json: bool) -> None:
    """Make a random token and its entry for the server's token file.

    Prints the entry of caller NAME, which has only a digest of the token, on standard
    output, and the token on standard error. Append the entry to a file whose name ends in
    .toml (see token_file), and give the token to the caller: it cannot be found again.
    """
    from summsvc.server.security.caller_file import check_name, token_digest

    try:
        check_name(name)
    except ValueError as error:
        raise click.BadParameter(f"'{name}': {error}", param_hint="'NAME'") from None
    made = secrets.token_urlsafe(TOKEN_BYTES)
    digest = token_digest(made).hex()
    if as_json:
        click.echo(json.dumps({"name": name, "token": made, "token_sha256": digest}))
        return
    click.echo(f"token of {name}: {made}", err=True)
    click.echo(f'[[caller]]\nname = "{name}"\ntoken_sha256 = "{digest}"')
