"""Ray's gRPC server in this process, with a replica that it calls without a cluster.

The server is Ray's own class, and statuses pass through its own context of a call; only the
actor between the proxy and the replica is missing.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any
from unittest.mock import Mock

import grpc
from ray.serve._private.grpc_util import gRPCGenericServer, set_grpc_code_and_details
from ray.serve._private.proxy_request_response import ResponseStatus
from ray.serve.grpc_util import RayServegRPCContext

from summsvc.config import Settings
from summsvc.ray.proxy import add_services
from summsvc.ray.replica import Replica

Reaction = Callable[[str], ResponseStatus | None]
"""Returns the status with which Ray answers a call of a method; None: the replica answers it."""


_OK = ResponseStatus(code=grpc.StatusCode.OK)


class Proxied:
    """A replica behind Ray's server. react: see ``Reaction``. seen: metadata of each call."""

    def __init__(self, replica: Replica) -> None:
        self.replica = replica
        self.react: Reaction = lambda _method: None
        self.seen: list[dict[str, Any]] = []
        self.address = ""

    def handler(self, *, service_method: str, streaming_type: str) -> Any:
        """Factory of handlers, in place of ``gRPCProxy.service_handler_factory``."""
        name = service_method.rpartition("/")[2]

        def context_of(context: Any) -> RayServegRPCContext:
            own = RayServegRPCContext(context)
            self.seen.append(dict(own.invocation_metadata()))
            own.set_trailing_metadata([("request_id", "of Ray")])
            return own

        async def unary(request: Any, context: Any) -> bytes:
            own, status = context_of(context), self.react(service_method)
            if status is None:
                reply = await getattr(self.replica, name)(request, grpc_context=own)
                own._set_on_grpc_context(context)
            set_grpc_code_and_details(context, status or _OK)
            return b"" if status else bytes(reply.SerializeToString())

        async def stream(request: Any, context: Any) -> AsyncGenerator[bytes, None]:
            own, status = context_of(context), self.react(service_method)
            if status is None:
                replies = getattr(self.replica, name)(request, grpc_context=own)
                # Ray takes items from a queue, when later ones may have been made already.
                for reply in [each async for each in replies]:
                    own._set_on_grpc_context(context)
                    yield reply.SerializeToString()
            set_grpc_code_and_details(context, status or _OK)

        return unary if streaming_type == "unary_unary" else stream


@asynccontextmanager
async def proxied(settings: Settings) -> AsyncIterator[Proxied]:
    """Run a replica behind Ray's server during the block."""
    # Without the constructor, which sets up the log of the process.
    replica = object.__new__(Replica)
    await replica._start(settings, {})
    made = Proxied(replica)
    server = gRPCGenericServer(made.handler)
    made.address = f"127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}"
    add_services(Mock(), server)
    await server.start()
    try:
        yield made
    finally:
        await server.stop(None)
        await replica._server.stop()
