"""Everything that can go wrong with a call, as one tree.

    SummsvcClientError
    ├── InvalidArgumentError      the request can never succeed as it is
    ├── FailedPreconditionError   the operator has to do something first
    ├── UnavailableError          no server, or it is loading or shutting down
    ├── OverloadedError           the queue is full; try again after retry_after
    ├── MessageTooLargeError      request or reply is over the message limit
    ├── DeadlineExceededError     no answer within the time given
    ├── UnauthenticatedError      no token, or a wrong one
    ├── NotFoundError             no such service (health)
    ├── UnimplementedError        the server offers no such method
    └── InternalError             the server failed on this request

Errors carry what the server says in ``google.rpc.Status`` details
(https://google.aip.dev/193). Other gRPC codes, which only things between client
and server send, become the base class.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import grpc
from google.protobuf.message import DecodeError
from google.rpc import error_details_pb2, status_pb2

_DETAILS = "grpc-status-details-bin"
_CODES: dict[int, grpc.StatusCode] = {code.value[0]: code for code in grpc.StatusCode}


@dataclass(frozen=True, slots=True)
class FieldViolation:
    """A request field at fault.

    field: path as in the proto, for example ``article.body``. reason: the
    server's stable upper-case word.
    """

    field: str
    description: str
    reason: str


class SummsvcClientError(Exception):
    """A call that ended without an answer.

    code: the gRPC code. reason: the server's stable upper-case word, for example
    ``TEXT_TOO_LONG``; empty when the error does not come from summsvc itself.
    message: what is wrong and what to do. violations: fields at fault.
    metadata: facts for programs; ``request_id`` finds the call in the server's
    log. retry_after: seconds after which trying again makes sense, or None.
    """

    def __init__(
        self,
        message: str,
        *,
        code: grpc.StatusCode = grpc.StatusCode.UNKNOWN,
        reason: str = "",
        violations: Iterable[FieldViolation] = (),
        metadata: Mapping[str, str] | None = None,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.code = code
        self.reason = reason
        self.violations = tuple(violations)
        self.metadata = dict(metadata or {})
        self.retry_after = retry_after

    def __str__(self) -> str:
        return f"{self.reason or self.code.name}: {self.message}"


class InvalidArgumentError(SummsvcClientError):
    """See the module's tree; ``violations`` names the fields."""


class FailedPreconditionError(SummsvcClientError):
    """See the module's tree; ``message`` names the command that helps."""


class UnavailableError(SummsvcClientError):
    """See the module's tree; ``reason`` is empty when no server answered."""


class OverloadedError(SummsvcClientError):
    """See the module's tree."""


class MessageTooLargeError(SummsvcClientError):
    """See the module's tree; trying again does not help."""


class DeadlineExceededError(SummsvcClientError):
    """See the module's tree."""


class UnauthenticatedError(SummsvcClientError):
    """See the module's tree."""


class NotFoundError(SummsvcClientError):
    """See the module's tree."""


class UnimplementedError(SummsvcClientError):
    """See the module's tree."""


class InternalError(SummsvcClientError):
    """See the module's tree."""


_KINDS: dict[grpc.StatusCode, type[SummsvcClientError]] = {
    grpc.StatusCode.INVALID_ARGUMENT: InvalidArgumentError,
    grpc.StatusCode.FAILED_PRECONDITION: FailedPreconditionError,
    grpc.StatusCode.UNAVAILABLE: UnavailableError,
    grpc.StatusCode.RESOURCE_EXHAUSTED: OverloadedError,
    grpc.StatusCode.DEADLINE_EXCEEDED: DeadlineExceededError,
    grpc.StatusCode.UNAUTHENTICATED: UnauthenticatedError,
    grpc.StatusCode.NOT_FOUND: NotFoundError,
    grpc.StatusCode.UNIMPLEMENTED: UnimplementedError,
    grpc.StatusCode.INTERNAL: InternalError,
}


def from_status(status: status_pb2.Status) -> SummsvcClientError:
    """The error that a rich status describes; details of other kinds are passed over."""
    code = _CODES.get(status.code, grpc.StatusCode.UNKNOWN)
    info = error_details_pb2.ErrorInfo()
    bad = error_details_pb2.BadRequest()
    retry = error_details_pb2.RetryInfo()
    for detail in status.details:
        for known in (info, bad, retry):
            if detail.Is(known.DESCRIPTOR):
                detail.Unpack(known)
    kind = _KINDS.get(code, SummsvcClientError)
    # The transport refuses large messages with the code of a full queue.
    if kind is OverloadedError and "message larger than max" in status.message:
        kind = MessageTooLargeError
    return kind(
        status.message,
        code=code,
        reason=info.reason,
        violations=[
            FieldViolation(each.field, each.description, each.reason)
            for each in bad.field_violations
        ],
        metadata=info.metadata,
        retry_after=retry.retry_delay.ToTimedelta().total_seconds()
        if retry.HasField("retry_delay")
        else None,
    )


def from_call(error: grpc.RpcError) -> SummsvcClientError:
    """The error for a call that gRPC ended, sync or asyncio."""
    call: Any = error
    code: grpc.StatusCode = call.code()
    plain = status_pb2.Status(code=code.value[0], message=call.details() or "")
    trailing: Mapping[str, Any] = dict(call.trailing_metadata() or ())
    try:
        rich = status_pb2.Status.FromString(trailing.get(_DETAILS, b""))
    except DecodeError:
        return from_status(plain)
    # Something between client and server may have changed the code; the
    # call's own is what happened.
    return from_status(rich if rich.code == plain.code else plain)
