"""Which addresses of servers are on this machine."""

from __future__ import annotations

import socket
from typing import Any

import pytest

from summsvc.cli.bench.target import is_loopback


@pytest.mark.parametrize(
    "server",
    [
        "localhost:50051",
        "127.0.0.1:50051",
        "127.8.9.1:1",
        "[::1]:50051",
        "::1",
        "unix:/run/summsvc.sock",
        "dns:///localhost:50051",
        "ipv4:127.0.0.1:1,127.0.0.2:1",
        "ipv6:[::1]:1",
    ],
)
def test_this_machine(server: str) -> None:
    assert is_loopback(server)


@pytest.mark.parametrize(
    "server",
    [
        "",
        ":50051",
        "192.0.2.1:50051",
        "0.0.0.0:50051",
        "[2001:db8::1]:50051",
        "ipv4:127.0.0.1:1,192.0.2.1:1",
        "dns://192.0.2.53/192.0.2.1:50051",
        "xds:///localhost",
    ],
)
def test_other_machines(server: str) -> None:
    assert not is_loopback(server)


def test_a_name_is_here_only_if_all_its_addresses_are(monkeypatch: pytest.MonkeyPatch) -> None:
    addresses = ["127.0.0.1", "192.0.2.1"]

    def resolve(*_: Any, **__: Any) -> list[Any]:
        return [(0, 0, 0, "", (address, 0)) for address in addresses]

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    assert not is_loopback("here.example:50051")
    addresses.pop()
    assert is_loopback("here.example:50051")
