"""Entry point of ``summsvc``: command table and exit codes."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

COMMANDS = {
    "serve": "Start a server.",
    "summarize": "Summarize articles.",
    "translate": "Translate articles.",
    "evaluate": "Evaluate models and methods on your own texts with a running server.",
    "models": "List, install, verify and remove models on this machine.",
    "health": "Check whether a server is ready.",
    "token": "Make a random token and its entry for the server's token file.",
    "info": "Show version, limits, models and routes of a server.",
    "top": "Show queue, throughput, latency and models of a running server, live.",
    "bench": "Measure the latency and throughput of a running server under load.",
    "completion": "Install the completion of commands and options in your shell.",
}
"""Command names, which are also names of a module and of its attribute, with the first
sentence of each command's help, so that ``summsvc --help`` imports no command."""

EXIT_CODES = {
    0: "success; for `health`: the status is SERVING; for `serve`: a clean shutdown",
    1: "failure of at least one article, model or call, named on standard error; for `serve`: "
    "the server could not start, or calls or work were cut off",
    2: "wrong usage: an unknown option, an invalid value, a contradiction",
    3: "no server was reached at the address",
    130: "interrupted by Ctrl-C (SIGINT)",
    143: "ended by SIGTERM; for `serve`: by a second one",
}
"""Meaning of each exit code; docs/reference/cli.md has this table."""

EXTRAS = {
    "serve": "server",
    "models": "server",
    "token": "server",
    "evaluate": "evaluate",
    "top": "cli",
}
"""The extra of this distribution that a command needs. The other commands call a server and
need only the base installation."""


@contextmanager
def explain_missing_packages(command: Callable[[], str | None]) -> Iterator[None]:
    """Raise ClickException with the extra to install when a package of an extra is missing.

    command: returns the name of the command that is imported or executed in the context.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        name, module = command() or "", error.name or ""
        if name not in EXTRAS or module.partition(".")[0] == "summsvc":
            raise
        raise click.ClickException(
            f"`summsvc {name}` needs the Python package '{module}', which is not installed; "
            f"install it with: pip install 'summsvc[{EXTRAS[name]}]'"
        ) from error


class LazyGroup(click.Group):
    """Command group that imports a command when the command is invoked."""

    def invoke(self, ctx: click.Context) -> object:
        with explain_missing_packages(lambda: ctx.invoked_subcommand):
            return super().invoke(ctx)

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        return list(COMMANDS)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0].isalpha() and args[0] not in COMMANDS and not ctx.resilient_parsing:
            # click knows no names to suggest, because commands are imported when invoked.
            raise click.NoSuchCommand(args[0], possibilities=COMMANDS, ctx=ctx)
        return super().resolve_command(ctx, args)

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        # Imports no command: that takes a second, and needs the extras of all of them.
        from click.shell_completion import CompletionItem

        names = [
            CompletionItem(name, help=text)
            for name, text in COMMANDS.items()
            if name.startswith(incomplete)
        ]
        return [*names, *click.Command.shell_complete(self, ctx, incomplete)]

    def get_command(
        self,
        ctx: click.Context,  # noqa: ARG002
        cmd_name: str,
    ) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        with explain_missing_packages(lambda: cmd_name):
            command = getattr(import_module(f"summsvc.cli.{cmd_name}"), cmd_name)
        assert isinstance(command, click.Command)
        return command

    def format_commands(
        self,
        ctx: click.Context,  # noqa: ARG002
        formatter: click.HelpFormatter,
    ) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.command(
    cls=LazyGroup,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Exit codes: 0 success, 1 failure, 2 wrong usage, 3 no server reached, 130 interrupted. "
    "Results are on standard output, messages on standard error.",
)
@click.version_option(package_name="summsvc", message="%(package)s %(version)s")
def cli() -> None:
    """Summarize and translate news articles over gRPC."""


def main() -> None:
    """Execute the command in ``sys.argv`` and exit the process."""
    # Suppresses gRPC's internal messages about connections.
    os.environ.setdefault("GRPC_VERBOSITY", "ERROR")
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # Names of files need not be valid text.
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")
    try:
        code = cli.main(prog_name="summsvc", standalone_mode=False)
    except click.ClickException as error:
        error.show()
        code = error.exit_code
    except click.Abort:
        code = 130
    sys.exit(code)
