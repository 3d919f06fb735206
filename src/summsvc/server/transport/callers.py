"""Caller identity from token or address."""

from __future__ import annotations

import ipaddress
from contextvars import ContextVar
from dataclasses import replace
from urllib.parse import unquote

from summsvc.errors import UnauthenticatedError
from summsvc.scheduling.fairness.callers import ANONYMOUS, Caller, CallerLimits
from summsvc.server.security.tokens import Tokens, bearer_token
from summsvc.server.transport.handlers import Context

IPV6_PREFIX_BITS = 64
"""Length of the IPv6 prefix that identifies one host or home network (RFC 6177)."""

_current: ContextVar[Caller] = ContextVar("caller", default=ANONYMOUS)


class Callers:
    """Identifies the caller of each call.

    tokens: accepted tokens. limits: those of callers that have none of their own.
    """

    def __init__(self, tokens: Tokens, limits: CallerLimits) -> None:
        self._tokens = tokens
        self._limits = limits

    def by_address(self, context: Context) -> Caller:
        """Identify a caller by its address."""
        peer = str(context.peer())
        return Caller(address_name(peer), peer, self._limits)

    def by_token(self, context: Context, sender: Caller) -> Caller:
        """Identify a caller by its token; it is the sender when no token is required.

        sender: the caller by its address. Raises UnauthenticatedError if a token is required and
        none is accepted.
        """
        if not self._tokens.required:
            return sender
        sent = dict(context.invocation_metadata() or ()).get("authorization", "")
        identity = self._tokens.identify(bearer_token(sent))
        if identity is None:
            raise UnauthenticatedError(
                "this server requires a valid token; send metadata 'authorization: Bearer TOKEN'"
            )
        limits = replace(self._limits, **identity.limits)
        return Caller(identity.name, sender.connection, limits, identity.label)


def current_caller() -> Caller:
    """Return the caller of the call that is handled in this context."""
    return _current.get()


def set_current_caller(caller: Caller) -> None:
    """Set the caller for the rest of the task of a call, and for tasks that it creates."""
    _current.set(caller)


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
