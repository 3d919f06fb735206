"""Caller identity."""

from __future__ import annotations

import hashlib
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from summsvc.errors import UnauthenticatedError
from summsvc.scheduling.fairness.callers import Caller, CallerLimits
from summsvc.server.security.tokens import Tokens
from summsvc.server.transport.callers import Callers

LIMITS = CallerLimits(max_calls=7, max_queued_tokens=8, max_batch_articles=9)


def context(peer: str, **metadata: str) -> Any:
    return SimpleNamespace(peer=lambda: peer, invocation_metadata=lambda: tuple(metadata.items()))


def identified(callers: Callers, call: Any) -> Caller:
    return callers.by_token(call, callers.by_address(call))


@pytest.mark.parametrize(
    ("peer", "name"),
    [
        ("ipv4:192.0.2.7:50123", "ipv4:192.0.2.7"),
        ("ipv6:%5B2001:db8:1:2:3:4:5:6%5D:50123", "ipv6:2001:db8:1:2::/64"),
        ("ipv6:[2001:db8:1:2::9]:50123", "ipv6:2001:db8:1:2::/64"),
        ("ipv6:%5Bfe80::1%25eth0%5D:50123", "ipv6:fe80::/64"),
        ("ipv6:%5B::ffff:192.0.2.7%5D:50123", "ipv4:192.0.2.7"),
        ("unix:/run/summsvc.sock", "unix"),
        ("unix:", "unix"),
        ("ipv6:nonsense", "ipv6:nonsense"),
    ],
)
def test_without_tokens_a_caller_is_its_address(peer: str, name: str) -> None:
    caller = identified(Callers(Tokens(None), LIMITS), context(peer))
    assert caller == Caller(name, peer)
    assert (caller.limits, caller.label) == (LIMITS, "anonymous")


def callers_of(file: Path, content: str) -> Callers:
    file.write_text(content)
    tokens = Tokens(file)
    tokens.load()
    return Callers(tokens, LIMITS)


def test_a_token_identifies_its_caller_and_is_not_revealed(tmp_path: Path) -> None:
    callers = callers_of(tmp_path / "tokens", "secret\nother")
    first = identified(callers, context("ipv4:192.0.2.7:1", authorization="Bearer secret"))
    again = identified(callers, context("ipv4:192.0.2.9:2", authorization="bearer  secret "))
    other = identified(callers, context("ipv4:192.0.2.7:3", authorization="Bearer other"))
    assert first.name == again.name == f"token-{hashlib.sha256(b'secret').hexdigest()[:12]}"
    assert first.connection != again.connection
    assert other.name != first.name
    assert (first.limits, first.label) == (LIMITS, "other")
    for rejected in ({}, {"authorization": "Bearer others"}, {"authorization": "secret"}):
        with pytest.raises(UnauthenticatedError):
            identified(callers, context("ipv4:192.0.2.7:1", **rejected))


def test_a_named_caller_has_its_own_limits_and_else_those_of_all(tmp_path: Path) -> None:
    callers = callers_of(
        tmp_path / "tokens.toml",
        '[[caller]]\nname = "newsroom"\ntoken = ["first", "second"]\n'
        "limits = { max_calls = 3, max_queued_tokens = 0 }\n",
    )
    found = [
        identified(callers, context("ipv4:192.0.2.7:1", authorization=f"Bearer {token}"))
        for token in ("first", "second")
    ]
    assert found == [Caller("newsroom", "ipv4:192.0.2.7:1")] * 2
    assert found[0].limits == found[1].limits == CallerLimits(3, 0, LIMITS.max_batch_articles)
    assert found[0].label == "newsroom"


def test_a_token_that_is_not_required_does_not_identify_a_caller() -> None:
    callers = Callers(Tokens(None), LIMITS)
    caller = identified(callers, context("ipv4:192.0.2.7:1", authorization="Bearer made up"))
    assert caller.name == "ipv4:192.0.2.7"
