"""Connection options of client commands, and conversion of call errors to messages."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, TypedDict, TypeVar

import click

if TYPE_CHECKING:
    from summsvc.client import SummsvcClientError

ResultT = TypeVar("ResultT")


class Connection(TypedDict):
    """Constructor arguments of ``Client`` and ``AsyncClient`` that the command line sets."""

    server: str
    timeout: float
    token: str
    tls_ca: Path | None
    tls_cert: Path | None
    tls_key: Path | None
    max_message_bytes: int


def client_options(timeout: float) -> Callable[[Callable[..., ResultT]], Callable[..., ResultT]]:
    """Add the connection flags; the command receives ``connection``.

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
            help="Address of the server.",
        ),
        click.option(
            "--timeout",
            metavar="SECONDS",
            type=click.FloatRange(min=0, min_open=True),
            default=timeout,
            show_default=True,
            help="Timeout of each call in seconds.",
        ),
        click.option(
            "--token",
            envvar="SUMMSVC_TOKEN",
            show_envvar=True,
            default="",
            help="Bearer token; a token in the variable does not appear in the process list.",
        ),
        click.option(
            "--tls-ca",
            type=readable,
            help="PEM file of trusted certificate authorities; enables TLS.",
        ),
        click.option("--tls-cert", type=readable, help="PEM file of the client certificate."),
        click.option("--tls-key", type=readable, help="PEM file of the client's private key."),
    ]

    def decorate(command: Callable[..., ResultT]) -> Callable[..., ResultT]:
        @wraps(command)
        def callback(
            server: str,
            timeout: float,
            token: str,
            tls_ca: Path | None,
            tls_cert: Path | None,
            tls_key: Path | None,
            **others: object,
        ) -> ResultT:
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
                # The server enforces its own limit on message size.
                max_message_bytes=-1,
            )
            return command(connection=connection, **others)

        for flag in reversed(flags):
            callback = flag(callback)
        return callback

    return decorate


class Unreachable(click.ClickException):
    """No server answered; exit code 3."""

    exit_code = 3


def as_click_exception(error: SummsvcClientError, connection: Connection) -> click.ClickException:
    """Convert a call error to the exception that ends the command."""
    kind = Unreachable if is_unreachable(error) else click.ClickException
    return kind(explain(error, connection))


def is_unreachable(error: Exception) -> bool:
    """Whether no summsvc server answered the call."""
    from summsvc.client import UnavailableError

    return isinstance(error, UnavailableError) and not error.reason


def explain(error: SummsvcClientError, connection: Connection) -> str:
    """Describe a call error and its remedy in one line."""
    from summsvc import client

    text = " ".join(error.message.split())
    server = connection["server"]
    if is_unreachable(error):
        cause = text.rpartition("last error: ")[2].removeprefix("UNKNOWN: ")
        return (
            f"no server answers at {server} ({cause}); start one with 'summsvc serve', "
            "set its address with --server, and if it uses TLS set --tls-ca"
        )
    if isinstance(error, client.DeadlineExceededError) and not error.reason:
        return f"no reply within {connection['timeout']:g} s; increase --timeout"
    hint = ""
    if isinstance(error, client.UnauthenticatedError):
        hint = "; set a token with --token or SUMMSVC_TOKEN"
    elif isinstance(error, client.UnimplementedError) and not error.reason:
        hint = f"; is {server} a summsvc server?"
    elif error.retry_after is not None:
        hint = f"; retry in {error.retry_after:g} s"
    return f"{error.reason or error.code.name}: {text}{hint}"
