"""Who calls, and the order in which calls begin."""

from __future__ import annotations

import asyncio
import ipaddress
from typing import Any
from urllib.parse import unquote

from summsvc.scheduling.fairness.callers import Caller
from summsvc.scheduling.fairness.semaphore import FairSemaphore
from summsvc.server.security.tokens import Tokens, bearer

PREFIX = 64
"""Bits of an IPv6 address that one host or home network has as its own (RFC 6177)."""

AT_ONCE = 2
"""Calls that may begin in a turn of the event loop."""


def caller_of(context: Any, *, by_token: bool) -> Caller:
    """The caller of a call: by its token where one was accepted, else by its address.

    by_token: whether the server asks for tokens, so that the call's was accepted.
    """
    peer = str(context.peer())
    if by_token:
        for key, value in context.invocation_metadata() or ():
            if key == "authorization":
                return Caller(Tokens.name(bearer(value)), peer)
    return Caller(address_name(peer), peer)


def address_name(peer: str) -> str:
    """The address in what gRPC calls a peer, for example ``ipv4:192.0.2.7:50123``, without port.

    Of IPv6 the network of ``PREFIX`` bits. What is no internet address is one name.
    """
    kind, _, rest = peer.partition(":")
    if kind == "ipv6":
        host = unquote(rest).rpartition(":")[0].strip("[]").partition("%")[0]
        try:
            network = ipaddress.IPv6Network((host, PREFIX), strict=False)
        except ValueError:
            return peer
        mapped = ipaddress.IPv6Address(host).ipv4_mapped
        return f"ipv4:{mapped}" if mapped else f"ipv6:{network}"
    return f"{kind}:{rest.rpartition(':')[0]}" if kind == "ipv4" else kind


class Gate:
    """Lets calls begin in fair order, a few in a turn of the event loop.

    What begins a call is computed on the event loop. However many calls of a caller come at
    once, one of another caller begins after as many of them as there are callers. A call that
    waits costs its place; one whose caller leaves, or whose deadline passes, is cancelled and
    forgotten.
    """

    def __init__(self) -> None:
        self._semaphore = FairSemaphore(AT_ONCE)

    async def begin(self, caller: Caller) -> None:
        """Wait for a caller's turn."""
        await self._semaphore.acquire(caller)
        asyncio.get_running_loop().call_soon(self._semaphore.release)
