"""``summsvc``: the commands and how the process ends.

Exit codes: 0 done, 1 something failed, 2 wrong usage, 3 no server reached, 130
interrupted.
"""

from __future__ import annotations

import io
import os
import sys
from importlib import import_module

import click

COMMANDS = {
    "serve": "Start a server.",
    "summarize": "Summarize articles.",
    "translate": "Translate articles.",
    "evaluate": "Measure models and methods on your own texts, through a running server.",
    "models": "Show, install, check and remove models.",
    "health": "Ask whether a server is ready.",
    "info": "Show what a server is and which models it has.",
}
"""Each is the module and the attribute of its name; its first sentence stands
here too, so that ``summsvc --help`` need not import them all."""


class LazyGroup(click.Group):
    """Imports a command only when it is used."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        return list(COMMANDS)

    def get_command(
        self,
        ctx: click.Context,  # noqa: ARG002
        cmd_name: str,
    ) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
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


@click.command(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="summsvc", message="%(package)s %(version)s")
def cli() -> None:
    """Short summaries of news articles and their translations, over gRPC."""


def main() -> None:
    """Run the command of ``sys.argv`` and exit."""
    # gRPC's own notes about connections are not for people.
    os.environ.setdefault("GRPC_VERBOSITY", "ERROR")
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding="utf-8")
    try:
        code = cli.main(prog_name="summsvc", standalone_mode=False)
    except click.ClickException as error:
        error.show()
        code = error.exit_code
    except click.Abort:
        code = 130
    sys.exit(code)
