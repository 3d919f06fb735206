"""Flags of ``summsvc serve`` that have a form of their own."""

from __future__ import annotations

import pytest

from summsvc.cli.serve import serve


@pytest.mark.parametrize(
    ("args", "value"),
    [
        ([], None),
        (["--web"], "127.0.0.1:8080"),
        (["--web", "--port", "1"], "127.0.0.1:8080"),
        (["--web", "0.0.0.0:80"], "0.0.0.0:80"),
        (["--web=[::1]:0"], "[::1]:0"),
    ],
)
def test_the_web_page_has_an_address_unless_one_is_given(args: list[str], value: object) -> None:
    assert serve.make_context("serve", [*args]).params["web"] == value
