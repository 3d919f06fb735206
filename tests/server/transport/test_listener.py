"""Listening addresses: every address of a name is bound, or startup fails."""

from __future__ import annotations

import asyncio
import itertools
import socket
import sys
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import grpc
import pytest

from summsvc.config import Settings
from summsvc.server.transport import listener
from summsvc.server.transport.listener import listen, reserve
from summsvc.server.transport.options import connection_options


def has_ipv6() -> bool:
    try:
        taken("::1").close()
    except OSError:
        return False
    return True


def taken(address: str, port: int = 0) -> socket.socket:
    """Open a socket that listens on one address only."""
    sock = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET)
    if ":" in address:
        sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
    try:
        sock.bind((address, port))
    except OSError:
        sock.close()
        raise
    sock.listen()
    return sock


def listened(host: str, port: int = 0) -> int:
    """Start and stop a listening server; return its port."""

    async def run() -> int:
        server = grpc.aio.server(options=[("grpc.so_reuseport", 0)])
        bound = await listen(server, Settings(host=host, port=port))
        await server.start()
        try:
            for address in answering(host):
                socket.create_connection((address, bound), timeout=10).close()
        finally:
            await server.stop(0)
        return bound

    return asyncio.run(run())


def answering(host: str) -> Iterator[str]:
    """Addresses that must accept connections."""
    if host in ("localhost", "[::]", "::"):
        yield "127.0.0.1"
        if has_ipv6():
            yield "::1"
    elif host == "0.0.0.0":
        yield "127.0.0.1"
    elif host == NAME:
        yield from (FIRST, SECOND)
    else:
        yield host.strip("[]")


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "0.0.0.0", "::1", "[::1]", "[::]"])
def test_every_address_of_the_host_is_bound(host: str) -> None:
    if ":" in host and not has_ipv6():
        pytest.skip("no IPv6 here")
    assert listened(host) > 0


@pytest.mark.parametrize("address", ["127.0.0.1", "::1"])
def test_a_port_in_use_on_one_address_of_a_name_is_an_error(address: str) -> None:
    if not has_ipv6():
        pytest.skip("no IPv6 here")
    with closing(taken(address)) as other:
        port = other.getsockname()[1]
        place = f"{address}:{port}" if "." in address else f"\\[{address}\\]:{port}"
        with pytest.raises(OSError, match=f"cannot listen on {place}, an address of localhost"):
            listened("localhost", port)


def test_a_port_in_use_is_an_error() -> None:
    with closing(taken("127.0.0.1")) as other:
        port = other.getsockname()[1]
        with pytest.raises(OSError, match=f"cannot listen on 127.0.0.1:{port}: the port is in use"):
            listened("127.0.0.1", port)


NAME, FIRST, SECOND = "news.example", "127.0.0.1", "127.0.0.2"


def resolve(monkeypatch: pytest.MonkeyPatch, *addresses: str) -> None:
    """Let the name resolve to these addresses."""
    real = socket.getaddrinfo

    def found(name: str, *args: Any, **more: Any) -> list[Any]:
        if name != NAME:
            return real(name, *args, **more)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (each, 0)) for each in addresses]

    monkeypatch.setattr(socket, "getaddrinfo", found)


def pick(monkeypatch: pytest.MonkeyPatch, ports: Iterator[int]) -> None:
    """Set the ports that the system chooses first; this machine has both addresses."""
    monkeypatch.setattr(listener, "_is_own", lambda _: True)
    probe = listener._probe
    monkeypatch.setattr(
        listener, "_probe", lambda address, port=0: probe(address, port or next(ports, 0))
    )


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere only 127.0.0.1 is this machine's")
def test_a_port_in_use_on_one_address_of_a_name_is_not_chosen(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    resolve(monkeypatch, FIRST, SECOND)
    with closing(taken(SECOND)) as other:
        port = other.getsockname()[1]
        pick(monkeypatch, iter([port, port, port]))
        assert listened(NAME) != port
        pick(monkeypatch, itertools.repeat(port))
        with pytest.raises(OSError, match=r"no port is free on all of 127\.0\.0\.1, 127\.0\.0\.2"):
            listened(NAME)


ELSEWHERE = "192.0.2.7"
"""An address reserved for documentation (RFC 5737), which no machine has."""


def test_an_address_of_another_machine_is_skipped(monkeypatch: pytest.MonkeyPatch) -> None:
    resolve(monkeypatch, ELSEWHERE, "127.0.0.1", "127.0.0.1")

    async def run() -> int:
        return await listen(grpc.aio.server(), Settings(host=NAME, port=0))

    assert asyncio.run(run()) > 0


def test_a_name_of_another_machine_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    resolve(monkeypatch, ELSEWHERE)
    with pytest.raises(OSError, match=r"192\.0\.2\.7 does not belong to this machine"):
        listened(NAME)


def test_an_unknown_name_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_args: Any, **_more: Any) -> list[Any]:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    with pytest.raises(OSError, match=r"cannot listen on nosuch.invalid: Name or service"):
        listened("nosuch.invalid")


async def test_a_reserved_port_is_shared_with_its_servers_and_with_no_other_service() -> None:
    reserved = await reserve("localhost", 0)
    (port,) = {each.getsockname()[1] for each in reserved}
    settings = Settings(host="localhost", port=port)
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port), timeout=10)
    options = connection_options(settings, share_port=True)
    servers = [grpc.aio.server(options=options) for _ in range(2)]
    for server in servers:
        assert await listen(server, settings) == port
        await server.start()
    with pytest.raises(OSError, match=r"cannot listen on 127\.0\.0\.1"):
        await reserve("localhost", port)
    for server in servers:
        await server.stop(0)
    for each in reserved:
        each.close()


async def test_a_port_of_a_single_server_cannot_be_reserved() -> None:
    with closing(taken("127.0.0.1")) as other, pytest.raises(OSError, match="in use"):
        await reserve("127.0.0.1", other.getsockname()[1])
