"""``summsvc completion``: completion of commands and options in bash, zsh and fish."""

from __future__ import annotations

import json
import os
import shlex
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import click

ResultT = TypeVar("ResultT")

SHELLS = ("bash", "zsh", "fish")
PROGRAM = "summsvc"
VARIABLE = "_SUMMSVC_COMPLETE"
"""Environment variable by which the shell's script asks the command for completions."""

MARK = "# Added by `summsvc completion install`."


@dataclass(frozen=True, slots=True)
class Place:
    """Where the completion of one shell belongs.

    script: file with the shell's functions. startup: file that every shell of the user reads and
    to which ``line`` is added; None if the shell finds the script by itself.
    """

    script: Path
    startup: Path | None = None
    line: str = ""


def place(shell: str) -> Place:
    """The files of a shell's completion, below the folders that its variables name."""
    home = Path.home()
    if shell == "fish":
        config = Path(os.environ.get("XDG_CONFIG_HOME") or home / ".config")
        return Place(config / "fish" / "completions" / f"{PROGRAM}.fish")
    data = Path(os.environ.get("XDG_DATA_HOME") or home / ".local" / "share")
    script = data / PROGRAM / f"completion.{shell}"
    quoted = shlex.quote(str(script))
    line = f"[ -r {quoted} ] && . {quoted}"
    if shell == "bash":
        return Place(script, home / ".bashrc", line)
    startup = Path(os.environ.get("ZDOTDIR") or home) / ".zshrc"
    # The script calls compdef, which exists only after compinit.
    return Place(
        script,
        startup,
        f"(( $+functions[compdef] )) || {{ autoload -Uz compinit; compinit; }}; {line}",
    )


def script(shell: str) -> str:
    """The functions that click generates for a shell."""
    from click.shell_completion import get_completion_class

    from summsvc.cli.app import cli

    kind = get_completion_class(shell)
    assert kind is not None
    completion = kind(cli, {}, PROGRAM, VARIABLE)
    # source() of bash starts a bash to look at its version; the template does not need it.
    return completion.source_template % completion.source_vars()


@click.group()
def completion() -> None:
    """Install the completion of commands and options in your shell."""


def shell_argument(command: Callable[..., ResultT]) -> Callable[..., ResultT]:
    """Add the argument SHELL."""
    return click.argument("shell", type=click.Choice(SHELLS), required=False)(command)


@completion.command()
@shell_argument
@click.option(
    "--json", "as_json", is_flag=True, help="Print one JSON object with shell and changed files."
)
def install(shell: str | None, as_json: bool) -> None:
    """Install the completion for your user.

    Writes a script, and for bash and zsh adds one line to ~/.bashrc or ~/.zshrc that reads it.
    A second run changes nothing. SHELL is that of the variable SHELL if it is not given.
    """
    shell = shell or _login_shell()
    target = place(shell)
    try:
        changed = _install(target, script(shell))
    except OSError as error:
        raise click.ClickException(
            f"{error.filename}: {(error.strerror or str(error)).lower()}; "
            f"`summsvc completion show {shell}` prints the script for a place of your choice"
        ) from error
    if as_json:
        click.echo(json.dumps({"shell": shell, "changed": [str(path) for path in changed]}))
        return
    for path in changed:
        click.echo(f"wrote {path}")
    if changed:
        click.echo(f"open a new {shell} and try: {PROGRAM} <Tab>")
    else:
        click.echo(f"the completion for {shell} is installed already")


@completion.command()
@shell_argument
def show(shell: str | None) -> None:
    """Print the script of a shell, for a place of your choice."""
    click.echo(script(shell or _login_shell()))


def _login_shell() -> str:
    """Name of the user's shell; raises click.UsageError if it is not one of SHELLS."""
    name = Path(os.environ.get("SHELL", "")).name
    if name not in SHELLS:
        raise click.UsageError(
            f"The variable SHELL names none of {', '.join(SHELLS)}; name the shell, for example: "
            "summsvc completion install bash"
        )
    return name


def _install(target: Place, text: str) -> list[Path]:
    """Write what is missing; returns the files that were changed. Raises OSError."""
    changed = []
    if not target.script.is_file() or target.script.read_text("utf-8") != text:
        target.script.parent.mkdir(parents=True, exist_ok=True)
        target.script.write_text(text, "utf-8")
        changed.append(target.script)
    if target.startup is not None:
        old = target.startup.read_text("utf-8") if target.startup.is_file() else ""
        if target.line not in old.splitlines():
            gap = "" if not old or old.endswith("\n") else "\n"
            with target.startup.open("a", encoding="utf-8") as file:
                file.write(f"{gap}{MARK}\n{target.line}\n")
            changed.append(target.startup)
    return changed
