"""Exceptions of client calls, one class per gRPC status code.

    SummsvcClientError
    ├── InvalidArgumentError      the request is invalid; a retry cannot succeed
    ├── FailedPreconditionError   an operator must act first, for example install a model
    ├── UnavailableError          no server reached, or it is loading or shutting down
    ├── OverloadedError           the queue is full; retry after retry_after
    ├── MessageTooLargeError      request or reply exceeds the message size limit
    ├── DeadlineExceededError     no reply before the deadline
    ├── UnauthenticatedError      missing or invalid token
    ├── NotFoundError             unknown service name (health)
    ├── UnimplementedError        the server has no such method
    └── InternalError             the server failed on this request

Errors contain the server's ``google.rpc.Status`` details
(https://google.aip.dev/193). Other gRPC codes, which only proxies and the
transport send, raise the base class.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Protocol, cast

import grpc
from google.protobuf.message import DecodeError
from google.rpc import error_details_pb2, status_pb2

_STATUS_DETAILS_KEY = "grpc-status-details-bin"
_STATUS_CODES: dict[int, grpc.StatusCode] = {code.value[0]: code for code in grpc.StatusCode}
"""gRPC status code by its number in ``google.rpc.Status.code``."""


@dataclass(frozen=True, slots=True)
class FieldViolation:
    """An invalid field of the request.

    field: path as in the proto, for example ``article.body``. reason: stable
    upper-case identifier of the problem.
    """

    field: str
    description: str
    reason: str


class SummsvcClientError(Exception):
    """Base class of all errors of a call.

    code: gRPC status code. reason: stable upper-case identifier, for example
    ``TEXT_TOO_LONG``; empty when the error does not come from summsvc itself.
    message: the problem and its remedy. violations: invalid fields. metadata:
    machine-readable details; ``request_id`` identifies the call in the server's
    log. retry_after: seconds to wait before a retry, or None.
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
    """Invalid request; ``violations`` lists the invalid fields."""


class FailedPreconditionError(SummsvcClientError):
    """An operator must act first; ``message`` names the command."""


class UnavailableError(SummsvcClientError):
    """Server not reached, loading or shutting down; ``reason`` is empty if no server answered."""


class OverloadedError(SummsvcClientError):
    """The server's queue is full; retry after ``retry_after`` seconds."""


class MessageTooLargeError(SummsvcClientError):
    """Request or reply exceeds the message size limit; a retry cannot succeed."""


class DeadlineExceededError(SummsvcClientError):
    """No reply before the deadline."""


class UnauthenticatedError(SummsvcClientError):
    """Missing or invalid token."""


class NotFoundError(SummsvcClientError):
    """Unknown service name in a health check."""


class UnimplementedError(SummsvcClientError):
    """The server has no such method."""


class InternalError(SummsvcClientError):
    """The server failed on this request."""


_ERROR_TYPES: dict[grpc.StatusCode, type[SummsvcClientError]] = {
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


class _FailedCall(Protocol):
    """Common interface of a sync and an asyncio ``grpc.RpcError``."""

    def code(self) -> grpc.StatusCode: ...
    def details(self) -> str | None: ...
    def trailing_metadata(self) -> Iterable[tuple[str, str | bytes]] | None: ...


def error_from_status(status: status_pb2.Status) -> SummsvcClientError:
    """Convert a ``google.rpc.Status``; unknown kinds of details are ignored."""
    code = _STATUS_CODES.get(status.code, grpc.StatusCode.UNKNOWN)
    info = error_details_pb2.ErrorInfo()
    bad = error_details_pb2.BadRequest()
    retry = error_details_pb2.RetryInfo()
    for detail in status.details:
        for target in (info, bad, retry):
            if detail.Is(target.DESCRIPTOR):
                detail.Unpack(target)
    error_type = _ERROR_TYPES.get(code, SummsvcClientError)
    # The transport rejects large messages with the code that a full queue has.
    if error_type is OverloadedError and "message larger than max" in status.message:
        error_type = MessageTooLargeError
    return error_type(
        status.message,
        code=code,
        reason=info.reason,
        violations=[
            FieldViolation(violation.field, violation.description, violation.reason)
            for violation in bad.field_violations
        ],
        metadata=info.metadata,
        retry_after=retry.retry_delay.ToTimedelta().total_seconds()
        if retry.HasField("retry_delay")
        else None,
    )


def error_from_call(error: grpc.RpcError) -> SummsvcClientError:
    """Convert the error of a failed gRPC call, sync or asyncio."""
    call = cast("_FailedCall", error)
    plain = status_pb2.Status(code=call.code().value[0], message=call.details() or "")
    trailing = dict(call.trailing_metadata() or ())
    # Details may be damaged, or have a delay that no timedelta can represent.
    with suppress(DecodeError, ValueError, OverflowError):
        rich = status_pb2.Status.FromString(cast("bytes", trailing.get(_STATUS_DETAILS_KEY, b"")))
        # A proxy may have replaced the status code; then the details do not apply.
        if rich.code == plain.code:
            return error_from_status(rich)
    return error_from_status(plain)
