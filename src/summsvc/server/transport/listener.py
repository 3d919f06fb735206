"""Binding of the listening addresses, with TLS or in plaintext."""

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

PORT_ATTEMPTS = 10
"""Attempts to find a port that is free on all addresses of a host name."""

_LOOPBACK = ("127.0.0.1", "::1")


async def listen(
    server: grpc.aio.Server, settings: Settings, credentials: Credentials | None = None
) -> int:
    """Bind the addresses of ``host`` for a server that has not started; return the port.

    credentials: None for plaintext. Logs a warning when texts or tokens are sent in plaintext.
    Raises OSError unless every address can be bound.
    """
    host = settings.host.strip("[]")
    addresses = await _addresses(host)
    port = _bind(server, host, addresses, settings.port, credentials)
    if credentials is None:
        warn_of_plaintext(settings.host, addresses, tokens=settings.token_file is not None)
    return port


async def listen_on_health_port(server: grpc.aio.Server, settings: Settings) -> int:
    """Bind ``health_port`` without TLS for a server that has not started; return the port.

    Raises OSError unless every address can be bound.
    """
    host = settings.host.strip("[]")
    return _bind(server, host, await _addresses(host), settings.health_port, None)


async def reserve(host: str, port: int) -> list[socket.socket]:
    """Bind the port on each address of a host, for servers that share it; return the sockets.

    The sockets do not listen: they keep the port, also while none of its servers runs. A port
    of 0 is a free port, the same one on all addresses. Raises OSError unless every address can
    be bound, also when another service already shares the port.
    """
    host = host.strip("[]")
    addresses = await _addresses(host)
    port = port or _free_port(host, addresses)
    with ExitStack() as opened:
        sockets = []
        for address in addresses:
            try:
                # Only a socket that does not share its port is refused a port that is shared.
                _probe(address, port, socket.SO_REUSEADDR).close()
                shared = _probe(address, port, socket.SO_REUSEADDR, socket.SO_REUSEPORT)
            except OSError as error:
                raise OSError(f"cannot listen on {address}:{port}: {error.strerror}") from error
            sockets.append(opened.enter_context(shared))
        opened.pop_all()
    return sockets


async def reachable_address(host: str) -> str:
    """Return an address at which this process reaches a server that listens on ``host``."""
    address = ipaddress.ip_address((await _addresses(host.strip("[]")))[0].partition("%")[0])
    if not address.is_unspecified:
        return str(address)
    return _LOOPBACK[address.version == 6]


def _bind(
    server: grpc.aio.Server,
    host: str,
    addresses: Sequence[str],
    port: int,
    credentials: Credentials | None,
) -> int:
    """Bind each address of a host; return the port.

    With a name, gRPC would succeed once one of its addresses is bound; clients that use
    another address could reach a different process.
    """
    if port == 0 and len(addresses) > 1:
        port = _free_port(host, addresses)
    for address in addresses:
        target = f"[{address}]:{port}" if ":" in address else f"{address}:{port}"
        try:
            if credentials is None:
                port = server.add_insecure_port(target)
            else:
                port = server.add_secure_port(target, credentials.server_credentials())
        except RuntimeError as error:
            of = "" if address == host else f", an address of {host}"
            raise OSError(f"cannot listen on {target}{of}: {_refused(credentials)}") from error
    return port


def warn_of_plaintext(host: str, addresses: Sequence[str], *, tokens: bool) -> None:
    """Log a warning for texts or tokens that others can read on their way to these addresses."""
    facts = {"host": host, "hint": "set tls_cert and tls_key"}
    if not all(ipaddress.ip_address(address).is_loopback for address in addresses):
        log.warning("texts are sent unencrypted", **facts)
    if tokens:
        log.warning("tokens are sent unencrypted", **facts)


def _refused(credentials: Credentials | None) -> str:
    """Possible reasons why an address cannot be bound; gRPC does not report the reason."""
    why = "the port is in use or not allowed, or the address does not belong to this machine"
    if credentials is not None:
        why += ", or gRPC cannot use tls_cert, tls_key or tls_client_ca"
    return why


def is_address(host: str) -> bool:
    """Whether a host is an IP address and not a name."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


async def _addresses(name: str) -> list[str]:
    """Resolve a host name to the addresses that this machine has; raises OSError for none.

    An address is returned unchanged: binding shows whether this machine has it.

    ``localhost`` stands for both loopback addresses, independent of the machine's hosts
    file, because gRPC clients resolve it so (RFC 6761, section 6.3).
    """
    if is_address(name):
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
        raise OSError(
            f"cannot listen on {name}: {', '.join(found)} does not belong to this machine"
        )
    if left_out := sorted({*found} - {*own}):
        log.warning("addresses skipped", host=name, not_on_this_machine=left_out)
    return own


def _is_own(address: str) -> bool:
    """Whether this machine has an address, even if a port of it is in use."""
    try:
        _probe(address).close()
    except OSError as error:
        if error.errno in (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT):
            return False
        raise
    return True


def _free_port(name: str, addresses: Sequence[str]) -> int:
    """Find a port that is free on each address; raises OSError after ``PORT_ATTEMPTS``.

    A gRPC server cannot release a bound port, so the port is chosen before it binds one.
    """
    for _ in range(PORT_ATTEMPTS):
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


def _probe(address: str, port: int = 0, *options: int) -> socket.socket:
    """Open a socket bound to a port of an address, any free port for 0. Raises OSError.

    options: of the socket level, to be turned on.
    """
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with ExitStack() as opened:
        probe = opened.enter_context(socket.socket(family, socket.SOCK_STREAM))
        for option in options:
            probe.setsockopt(socket.SOL_SOCKET, option, 1)
        probe.bind((address, port))
        opened.pop_all()
    return probe
