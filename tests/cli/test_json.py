"""Every command can print JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import pytest

from summsvc.cli.app import cli
from tests.cli.conftest import Summsvc
from tests.models.folders import checkpoint

WITHOUT = {"serve": "its logs are JSON", "completion show": "its output is a script"}


def commands(group: click.Group, path: str = "") -> Iterator[tuple[str, click.Command]]:
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        if isinstance(command, click.Group):
            yield from commands(command, f"{path}{name} ")
        else:
            yield f"{path}{name}", command


def test_every_command_has_the_flag_and_says_what_it_prints() -> None:
    lacking = set()
    for name, command in commands(cli):
        flags = {flag: param for param in command.params for flag in param.opts}
        if "--json" not in flags:
            lacking.add(name)
        else:
            assert "JSON" in (getattr(flags["--json"], "help", "") or ""), name
    assert lacking == set(WITHOUT)


def test_health(summsvc: Summsvc) -> None:
    done = summsvc("health", "--json")
    assert (done.returncode, done.stderr) == (0, "")
    facts = json.loads(done.stdout)
    assert (facts["service"], facts["status"]) == ("", "SERVING")
    asleep = summsvc("health", "--json", "--service", "summsvc.v1.TranslationService")
    assert json.loads(asleep.stdout)["status"] == "NOT_SERVING"
    assert asleep.returncode == 1
    assert "summsvc info" in asleep.stderr


def test_token(summsvc: Summsvc) -> None:
    done = summsvc("token", "newsroom", "--json")
    facts = json.loads(done.stdout)
    assert set(facts) == {"name", "token", "token_sha256"}
    assert done.stderr == ""


@pytest.mark.parametrize("installed", [True, False])
def test_models(summsvc: Summsvc, tmp_path: Path, installed: bool) -> None:
    store: dict[str, Any] = {"SUMMSVC_MODEL_DIR": str(tmp_path / "store")}
    if not installed:
        removed = summsvc("models", "remove", "ours", "--json", **store)
        assert (removed.returncode, removed.stdout) == (1, "")
        pulled = summsvc("models", "pull", "ours", "--json", **store)
        assert pulled.returncode == 1
        assert "not in the catalog" in json.loads(pulled.stdout)["error"]
        return
    source = checkpoint(tmp_path / "source")
    added = summsvc(
        "models", "add", source, "--id", "ours", "--like", "opus-en-lt", "--engine",
        "transformers", "--json", **store,
    )  # fmt: skip
    assert added.returncode == 0, added.stderr
    facts = json.loads(added.stdout)
    assert (facts["id"], facts["state"], facts["engine"]) == ("ours", "installed", "transformers")
    assert facts["size_bytes"] > 0
    verified = summsvc("models", "verify", "--json", **store)
    assert json.loads(verified.stdout) == {"id": "ours", "problems": []}
    removed = summsvc("models", "remove", "ours", "--json", **store)
    assert json.loads(removed.stdout) == {"id": "ours", "state": "removed"}
