"""How commands reach a server, and what people are told when they do not."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypedDict

import click

if TYPE_CHECKING:
    from summsvc.client import SummsvcClientError


class Connection(TypedDict):
    """The arguments of both clients that the command line sets."""

    server: str
    timeout: float
    token: str
    tls_ca: Path | None
    tls_cert: Path | None
    tls_key: Path | None
    max_message_bytes: int


def client_options(timeout: float) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Flags of every command that calls a server; it receives ``connection``.

    timeout: default of ``--timeout``, in seconds.
    """
    readable = click.Path(exists=True, dir_okay=False, path_type=Path)
    flags = [
        click.option(
            "--server",
            metavar="HOST:PORT",
            envvar="SUMMSVC_SERVER",
            show_envvar=True,
            default="localhost:50051",
            show_default=True,
            help="The server.",
        ),
        click.option(
            "--timeout",
            metavar="SECONDS",
            type=click.FloatRange(min=0, min_open=True),
            default=timeout,
            show_default=True,
            help="Time given to each call.",
        ),
        click.option(
            "--token",
            envvar="SUMMSVC_TOKEN",
            show_envvar=True,
            default="",
            help="Bearer token; the variable keeps it out of the process list.",
        ),
        click.option("--tls-ca", type=readable, help="PEM file of authorities; turns TLS on."),
        click.option("--tls-cert", type=readable, help="PEM file of your own certificate."),
        click.option("--tls-key", type=readable, help="PEM file of its private key."),
    ]

    def decorate(command: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(command)
        def callback(
            server: str,
            timeout: float,
            token: str,
            tls_ca: Path | None,
            tls_cert: Path | None,
            tls_key: Path | None,
            **others: Any,
        ) -> Any:
            if (tls_cert is None) != (tls_key is None):
                raise click.UsageError("--tls-cert and --tls-key go together.")
            if tls_cert is not None and tls_ca is None:
                raise click.UsageError("--tls-cert needs --tls-ca.")
            connection = Connection(
                server=server,
                timeout=timeout,
                token=token,
                tls_ca=tls_ca,
                tls_cert=tls_cert,
                tls_key=tls_key,
                # What the server may send, it has decided itself.
                max_message_bytes=-1,
            )
            return command(connection=connection, **others)

        for flag in reversed(flags):
            callback = flag(callback)
        return callback

    return decorate


class Unreachable(click.ClickException):
    """No server answered."""

    exit_code = 3


def failure(error: SummsvcClientError, connection: Connection) -> click.ClickException:
    """The exception that ends a command because of a call."""
    kind = Unreachable if is_unreachable(error) else click.ClickException
    return kind(explain(error, connection))


def is_unreachable(error: Exception) -> bool:
    """Whether no summsvc server answered at all."""
    from summsvc.client import UnavailableError

    return isinstance(error, UnavailableError) and not error.reason


def explain(error: SummsvcClientError, connection: Connection) -> str:
    """What is wrong and what to do, on one line."""
    from summsvc import client

    text = " ".join(error.message.split())
    server = connection["server"]
    if is_unreachable(error):
        cause = text.rpartition("last error: ")[2].removeprefix("UNKNOWN: ")
        return (
            f"no server answers at {server} ({cause}); start one with 'summsvc serve', "
            "name it with --server, and if it uses TLS give --tls-ca"
        )
    if isinstance(error, client.DeadlineExceededError) and not error.reason:
        return f"no answer within {connection['timeout']:g} s; give more time with --timeout"
    hint = ""
    if isinstance(error, client.UnauthenticatedError):
        hint = "; give a token with --token or SUMMSVC_TOKEN"
    elif isinstance(error, client.UnimplementedError) and not error.reason:
        hint = f"; is {server} a summsvc server?"
    elif error.retry_after is not None:
        hint = f"; try again in {error.retry_after:g} s"
    return f"{error.reason or error.code.name}: {text}{hint}"
