"""``summsvc token``: an entry that the server accepts, without the token."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from summsvc.cli.app import cli
from summsvc.server.security.tokens import Tokens


def test_the_entries_accept_the_tokens_and_do_not_have_them(tmp_path: Path) -> None:
    made, entries = {}, ""
    for name in ("newsroom", "agency.2"):
        done = CliRunner().invoke(cli, ["token", name])
        assert done.exit_code == 0
        label, _, token = done.stderr.strip().partition(": ")
        assert label == f"token of {name}"
        assert len(token) == 43
        assert token not in done.stdout
        made[name] = token
        entries += done.stdout
    file = tmp_path / "tokens.toml"
    file.write_text(entries)
    tokens = Tokens(file)
    tokens.load()
    for name, token in made.items():
        identity = tokens.identify(token)
        assert identity is not None
        assert identity.name == name


@pytest.mark.parametrize("name", ["News", "a b", "other", "x" * 65, "new/s", "é"])
def test_a_name_that_the_server_rejects_is_a_usage_error(name: str) -> None:
    done = CliRunner().invoke(cli, ["token", name])
    assert done.exit_code == 2
    assert not done.stdout
    assert f"Invalid value for 'NAME': '{name}': " in done.stderr
