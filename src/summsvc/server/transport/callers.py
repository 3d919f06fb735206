"""Caller identity from token or address, and fair admission of new calls."""

from __future__ import annotations

import asyncio
import ipaddress
from urllib.parse import unquote

from summsvc.scheduling.fairness.callers import Caller
from summsvc.scheduling.fairness.semaphore import FairSemaphore
from summsvc.server.security.tokens import Tokens, bearer_token
from summsvc.server.transport.handlers import Context

IPV6_PREFIX_BITS = 64
"""Length of the IPv6 prefix that identifies one host or home network (RFC 6177)."""

TURNS_PER_ITERATION = 2
"""Turns that a gate grants in one iteration of the event loop."""


def caller_of(context: Context, *, by_token: bool) -> Caller:
    """Identify the caller of a call by its accepted token, or by its address.

    by_token: whether the server requires tokens; the token of the call was accepted then.
    """
    peer = str(context.peer())
    if by_token:
        for key, value in context.invocation_metadata() or ():
            if key == "authorization":
                return Caller(Tokens.caller_name(bearer_token(value)), peer)
    return Caller(address_name(peer), peer)


def address_name(peer: str) -> str:
    """Name the address of a gRPC peer such as ``ipv4:192.0.2.7:50123``, without its port.

    An IPv6 address is reduced to its network of ``IPV6_PREFIX_BITS`` bits. All peers of
    another kind, such as Unix sockets, share the name of their kind.
    """
    kind, _, rest = peer.partition(":")
    if kind == "ipv6":
        host = unquote(rest).rpartition(":")[0].strip("[]").partition("%")[0]
        try:
            network = ipaddress.IPv6Network((host, IPV6_PREFIX_BITS), strict=False)
        except ValueError:
            return peer
        mapped = ipaddress.IPv6Address(host).ipv4_mapped
        return f"ipv4:{mapped}" if mapped else f"ipv6:{network}"
    return f"{kind}:{rest.rpartition(':')[0]}" if kind == "ipv4" else kind


class AdmissionGate:
    """Grants turns in fair order of callers, a few in one iteration of the event loop.

    The start of a call and each message of a response stream are computed on the event loop.
    When one caller sends many calls at once, a call of another caller waits for at most one
    call of each caller; and while many streams have messages to send, an iteration stays
    short, and so does every other call. A turn that is waited for costs one queue entry,
    which is removed when the call is cancelled.
    """

    def __init__(self) -> None:
        self._places = FairSemaphore(TURNS_PER_ITERATION)

    async def admit(self, caller: Caller) -> None:
        """Wait for a turn of the caller."""
        await self._places.acquire(caller)
        asyncio.get_running_loop().call_soon(self._places.release)
