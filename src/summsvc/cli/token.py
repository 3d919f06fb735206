"""``summsvc token``: a random bearer token, and its entry for the server's file of callers."""

from __future__ import annotations

import secrets

import click

from summsvc.cli.inputs import Unicode

TOKEN_BYTES = 32
"""Random bytes of a token: 256 bits, as many as its digest has."""


@click.command()
@click.argument("name", type=Unicode())
def token(name: str) -> None:
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
    click.echo(f"token of {name}: {made}", err=True)
    digest = token_digest(made).hex()
    click.echo(f'[[caller]]\nname = "{name}"\ntoken_sha256 = "{digest}"')
