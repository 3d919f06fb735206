"""Completion of commands and options, installed and used."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from summsvc.cli.app import COMMANDS
from tests.cli.conftest import COMMAND, Summsvc

STARTUP = {"bash": ".bashrc", "zsh": ".zshrc", "fish": ".config/fish/completions/summsvc.fish"}


@pytest.fixture
def home(tmp_path: Path) -> dict[str, Any]:
    """Variables of a user with an empty home folder."""
    unset = ("XDG_DATA_HOME", "XDG_CONFIG_HOME", "ZDOTDIR")
    return {"HOME": str(tmp_path), **dict.fromkeys(unset, "")}


@pytest.mark.parametrize("shell", STARTUP)
def test_a_second_installation_changes_nothing(
    summsvc: Summsvc, home: dict[str, Any], shell: str
) -> None:
    startup = Path(home["HOME"]) / STARTUP[shell]
    if shell != "fish":
        startup.write_text("alias ll='ls -l'")
    first = summsvc("completion", "install", **home, SHELL=f"/usr/bin/{shell}")
    assert first.returncode == 0, first.stderr
    assert f"wrote {startup}" in first.stdout
    text = startup.read_text()
    if shell != "fish":
        assert text.startswith("alias ll='ls -l'\n# Added by")
    again = summsvc("completion", "install", shell, "--json", **home)
    assert json.loads(again.stdout) == {"shell": shell, "changed": []}
    assert startup.read_text() == text


def test_bash_completes_commands_and_options(summsvc: Summsvc, home: dict[str, Any]) -> None:
    summsvc("completion", "install", "bash", **home)

    def complete(*words: str) -> list[str]:
        code = (
            f'. "$HOME/.bashrc"; COMP_WORDS=(summsvc {" ".join(words)}); '
            f"COMP_CWORD={len(words)}; _summsvc_completion summsvc; "
            'printf "%s\\n" "${COMPREPLY[@]}"'
        )
        done = subprocess.run(
            ["bash", "--norc", "-c", code],
            env=summsvc.env
            | home
            | {"PATH": f"{Path(COMMAND).parent}{os.pathsep}{os.environ['PATH']}"},
            capture_output=True,
            text=True,
            check=False,
        )
        assert "Traceback" not in done.stderr, done.stderr
        return done.stdout.split()

    assert complete("s") == ["serve", "summarize"]
    assert complete("summarize", "--sen") == ["--sentences"]
    assert complete("models", "p") == ["pull"]


def test_all_commands_are_completed_without_importing_them(summsvc: Summsvc) -> None:
    done = summsvc(_SUMMSVC_COMPLETE="bash_complete", COMP_WORDS="summsvc ", COMP_CWORD="1")
    names = [line.partition(",")[2] for line in done.stdout.splitlines()]
    assert names == list(COMMANDS)


def test_an_unknown_shell_is_a_usage_error(summsvc: Summsvc) -> None:
    done = summsvc("completion", "show", SHELL="/bin/tcsh")
    assert (done.returncode, done.stdout) == (2, "")
    assert "bash, zsh, fish" in done.stderr
    assert "complete --no-files" in summsvc("completion", "show", "fish").stdout


def test_a_file_that_cannot_be_written_is_reported(summsvc: Summsvc, home: dict[str, Any]) -> None:
    Path(home["HOME"], ".local").write_text("a file in place of the folder")
    done = summsvc("completion", "install", "bash", **home)
    assert done.returncode == 1
    assert "summsvc completion show bash" in done.stderr


def test_a_misspelt_command_gets_a_suggestion(summsvc: Summsvc) -> None:
    done = summsvc("sumarize")
    assert done.returncode == 2
    assert "summarize" in done.stderr
