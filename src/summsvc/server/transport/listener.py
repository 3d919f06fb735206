"""The addresses that a server listens on, with TLS or without."""

from __future__ import annotations

import asyncio
import errno
import ipaddress
import socket
from collections.abc import Sequence
from contextlib import ExitStack

import grpc
import structlog

from summsvc.config import Settings
from summsvc.server.security.credentials import Credentials

log = structlog.get_logger("summsvc.server")

PICKS = 10
"""Ports tried until one is free on all addresses of a name."""

_LOOPBACK = ("127.0.0.1", "::1")


async def listen(
    server: grpc.aio.Server, settings: Settings, credentials: Credentials | None = None
) -> int:
    """Have a server that is not started listen; gives the port.

    credentials: None for plaintext. Warns where texts or tokens can be read on their way.
    Raises OSError unless every address can be had.
    """
    host = settings.host.strip("[]")
    addresses = await _addresses(host)
    port = _bind(server, host, addresses, settings.port, credentials)
    if credentials is None:
        _warn_of_plaintext(settings, addresses)
    return port


async def listen_for_probes(server: grpc.aio.Server, settings: Settings) -> int:
    """Have a server that is not started listen on ``health_port``, without TLS; gives the port.

    Raises OSError unless every address can be had.
    """
    host = settings.host.strip("[]")
    return _bind(server, host, await _addresses(host), settings.health_port, None)


def _bind(
    server: grpc.aio.Server,
    host: str,
    addresses: Sequence[str],
    port: int,
    credentials: Credentials | None,
) -> int:
    """Listen on each address of a host.

    Handed a name, gRPC would be content with one of its addresses: clients that try
    another one would reach whoever listens there.
    """
    if port == 0 and len(addresses) > 1:
        port = _free_port(host, addresses)
    for address in addresses:
        target = f"[{address}]:{port}" if ":" in address else f"{address}:{port}"
        try:
            if credentials is None:
                port = server.add_insecure_port(target)
            else:
                port = server.add_secure_port(target, credentials.for_address())
        except RuntimeError as error:
            of = "" if address == host else f", an address of {host}"
            raise OSError(f"cannot listen on {target}{of}: {_refused(credentials)}") from error
    return port


def _warn_of_plaintext(settings: Settings, addresses: Sequence[str]) -> None:
    hint = "set tls_cert and tls_key"
    if not all(ipaddress.ip_address(each).is_loopback for each in addresses):
        log.warning("texts are not encrypted on their way", host=settings.host, hint=hint)
    if settings.token_file is not None:
        log.warning("tokens are not encrypted on their way", host=settings.host, hint=hint)


def _refused(credentials: Credentials | None) -> str:
    """What may be the matter; gRPC does not tell."""
    why = "the port is in use or not allowed, or the address is not this machine's"
    if credentials is not None:
        why += ", or gRPC cannot use tls_cert, tls_key or tls_client_ca"
    return why


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


async def _addresses(name: str) -> list[str]:
    """A host's addresses that this machine has. Raises OSError where there is none.

    An address is what it is; whether this machine has it shows when it is bound.

    ``localhost`` is both loopback addresses whatever the machine's files say: for
    gRPC's clients it always is (RFC 6761, section 6.3).
    """
    if _is_address(name):
        return [name]
    if name.lower().rstrip(".") == "localhost":
        found = list(_LOOPBACK)
    else:
        loop = asyncio.get_running_loop()
        try:
            infos = await loop.getaddrinfo(name, None, type=socket.SOCK_STREAM)
        except OSError as error:
            raise OSError(f"cannot listen on {name}: {error.strerror}") from error
        found = list(dict.fromkeys(str(info[4][0]) for info in infos))
    own = [address for address in found if _is_own(address)]
    if not own:
        raise OSError(f"cannot listen on {name}: {', '.join(found)} is not this machine's")
    if left_out := sorted({*found} - {*own}):
        log.warning("addresses left out", host=name, not_on_this_machine=left_out)
    return own


def _is_own(address: str) -> bool:
    """Whether this machine has an address; a port of it may be in use all the same."""
    try:
        _probe(address).close()
    except OSError as error:
        if error.errno in (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT):
            return False
        raise
    return True


def _free_port(name: str, addresses: Sequence[str]) -> int:
    """A port that is free on each address of a name. Raises OSError after ``PICKS`` that are not.

    A server can be told of ports, not to give one back: so they are looked for before.
    """
    for _ in range(PICKS):
        port = 0
        with ExitStack() as probes:
            try:
                for address in addresses:
                    port = probes.enter_context(_probe(address, port)).getsockname()[1]
            except OSError as error:
                if error.errno != errno.EADDRINUSE:
                    raise
            else:
                return port
    raise OSError(f"cannot listen on {name}: no port is free on all of {', '.join(addresses)}")


def _probe(address: str, port: int = 0) -> socket.socket:
    """A socket with a port of an address, one that the system picks for 0. Raises OSError."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with ExitStack() as opened:
        probe = opened.enter_context(socket.socket(family, socket.SOCK_STREAM))
        probe.bind((address, port))
        opened.pop_all()
    return probe
