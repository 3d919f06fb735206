"""The TOML file of named callers: digests, limits, and errors that quote no token."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from summsvc.config import SettingsError
from summsvc.server.security.caller_file import (
    MAX_CALLERS,
    MAX_TOKENS,
    CallerFileError,
    parse_callers,
    token_digest,
)
from summsvc.server.security.tokens import Tokens

DIGEST = hashlib.sha256(b"first").hexdigest()


def entry(name: str, keys: str) -> str:
    return f'[[caller]]\nname = "{name}"\n{keys}\n'


def test_a_caller_has_tokens_digests_and_limits() -> None:
    newsroom, agency = parse_callers(
        entry("newsroom", f'token_sha256 = ["{DIGEST.upper()}"]\ntoken = ["new", "first"]')
        + "[caller.limits]\nmax_calls = 64\nmax_batch_articles = 0\n"
        + entry("agency.2_a-b", 'token = " other "')
    )
    assert newsroom.digests == [token_digest("new"), token_digest("first")]
    assert newsroom.limits.model_dump(exclude_none=True) == {
        "max_calls": 64,
        "max_batch_articles": 0,
    }
    assert agency.digests == [token_digest("other")]
    assert "other" not in repr(agency)
    assert agency.limits.model_dump(exclude_none=True) == {}


TOKEN = "MARKER-of-a-token"
GOOD = entry("first", 'token = "a"')


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (f"{TOKEN}\n", "not valid TOML at line 1, column 18"),
        (f"{GOOD}token = '{TOKEN}'\n", "not valid TOML"),
        (f"{GOOD}token = {'9' * 5000}\n", "not valid TOML"),
        (f"{GOOD}token = {'[' * 5000}\n", "not valid TOML"),
        ("", "key caller: Field required"),
        ("caller = []", "has 0 entries of caller; use 1 to 100"),
        (f"caller = '{TOKEN}'", "key caller: Input should be a valid list"),
        (f"{GOOD}[defaults]", "key defaults: Extra inputs are not permitted"),
        (GOOD + entry("b", ""), "entry 2 of caller, key token_sha256: give 1 to 8 tokens"),
        (f"[[caller]]\ntoken = '{TOKEN}'", "entry 1 of caller, key name: Field required"),
        (entry("A", f"token = '{TOKEN}'"), "entry 1 of caller, key name: use 1 to 64 of"),
        (entry("other", "token = 'a'"), "entry 1 of caller, key name: .* are reserved"),
        (entry("x" * 65, "token = 'a'"), "entry 1 of caller, key name: use 1 to 64 of"),
        (entry("b", f"tokens = '{TOKEN}'"), "entry 1 of caller, key tokens: Extra inputs"),
        (entry("b", f"token_sha256 = '{TOKEN}'"), "key token_sha256: must be 64 hexadecimal"),
        (entry("b", f"token = ['{TOKEN}', 5]"), "key token: must be a string, or a list"),
        (entry("b", "token = ' '"), "key token: must be a string, or a list"),
        (entry("b", f"token = {[TOKEN + str(i) for i in range(9)]}"), "give 1 to 8 tokens"),
        (GOOD + GOOD, "entry 2 of caller, key name: entry 1 has the same name"),
        (GOOD + entry("b", "token = 'a'"), "entry 2 .*, key token_sha256: entry 1 has the same"),
        (
            entry("b", f"token = '{TOKEN}'\nlimits.max_calls = -1"),
            "entry 1 of caller, key limits.max_calls: Input should be greater",
        ),
        (entry("b", "token = 'a'\nlimits.max_calls = '8'"), "key limits.max_calls: Input should"),
        (entry("b", "token = 'a'\nlimits.max_call = 8"), "key limits.max_call: Extra inputs"),
        ("".join(entry(f"c{i}", f"token = '{i}'") for i in range(101)), "has 101 entries"),
    ],
)
def test_a_wrong_file_is_rejected_with_the_place_and_without_its_values(
    tmp_path: Path, content: str, why: str
) -> None:
    file = tmp_path / "tokens.toml"
    file.write_text(GOOD)
    tokens = Tokens(file)
    tokens.load()
    file.write_text(content)
    with pytest.raises(SettingsError, match=why) as found:
        tokens.load()
    assert str(found.value).startswith(f"token_file: {file}: ")
    error: BaseException | None = found.value
    while error is not None:
        assert "MARKER" not in repr(error)
        error = error.__context__
    assert tokens.identify("a") is not None


@given(st.text())
def test_any_text_is_parsed_or_rejected(text: str) -> None:
    try:
        callers = parse_callers(text)
    except CallerFileError:
        return
    assert callers


def test_labels_stay_bounded_when_reloads_bring_new_names(tmp_path: Path) -> None:
    file = tmp_path / "tokens.toml"
    tokens = Tokens(file)
    labels = set()
    for load in range(3):
        names = [f"caller-{load}-{i}" for i in range(MAX_CALLERS // 2)]
        file.write_text("".join(entry(name, f'token = "{name}"') for name in names))
        assert tokens.load() == {"setting": "token_file", "tokens": len(names)}
        for name in names:
            identity = tokens.identify(name)
            assert identity is not None
            assert identity.name == name
            labels.add(identity.label)
    assert len(labels) == MAX_CALLERS + 1
    assert "other" in labels


def test_each_token_of_a_caller_is_accepted(tmp_path: Path) -> None:
    file = tmp_path / "tokens.toml"
    made = [f"token {i}" for i in range(MAX_TOKENS)]
    file.write_text(entry("newsroom", f"token = {made}"))
    tokens = Tokens(file)
    tokens.load()
    found = [tokens.identify(token) for token in made]
    assert [identity.name for identity in found if identity] == ["newsroom"] * MAX_TOKENS
    assert tokens.identify("token 9") is None
