"""Whether the address of a server is on this machine."""

from __future__ import annotations

import ipaddress
import socket


def is_loopback(server: str) -> bool:
    """Whether a gRPC target can only be this machine.

    server: ``host:port`` or a target with a scheme (https://grpc.github.io/grpc/core/md_doc_naming.html).
    A name is on this machine if all its addresses are; False for what cannot be understood.
    """
    scheme, colon, rest = server.partition(":")
    if colon and scheme in ("unix", "unix-abstract"):
        return True
    if colon and scheme in ("ipv4", "ipv6"):
        return all(_is_loopback_host(_host(each)) for each in rest.split(","))
    if colon and scheme == "dns":
        # dns:[//authority/]host[:port]
        rest = rest[2:].partition("/")[2] if rest.startswith("//") else rest
        return _is_loopback_host(_host(rest))
    return _is_loopback_host(_host(server))


def _host(address: str) -> str:
    """The host of ``host:port``, ``[address]:port`` or a bare host."""
    if address.startswith("["):
        return address[1:].partition("]")[0]
    host, colon, _ = address.rpartition(":")
    return host if colon and ":" not in host else address


def _is_loopback_host(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        pass
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM) if host else []
    except (OSError, UnicodeError):
        return False
    addresses = {str(entry[4][0]) for entry in found}
    return bool(addresses) and all(ipaddress.ip_address(each).is_loopback for each in addresses)
