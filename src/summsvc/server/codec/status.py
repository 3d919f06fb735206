"""Mapping of the exception tree to gRPC statuses with rich error details.

Every status carries ``google.rpc.ErrorInfo`` (reason, domain, metadata) in
``grpc-status-details-bin``; an invalid field adds ``BadRequest``, a known delay before a
retry adds ``RetryInfo``, a limit of the caller adds ``QuotaFailure`` (https://google.aip.dev/193).
"""

from __future__ import annotations

import grpc
from google.protobuf import any_pb2, duration_pb2
from google.protobuf.message import Message
from google.rpc import code_pb2, error_details_pb2, status_pb2

from summsvc import errors

ERROR_DOMAIN = "summsvc"
"""``domain`` of every ErrorInfo."""

DETAILS_KEY = "grpc-status-details-bin"
"""Key of the trailing metadata that carry a rich status."""

_STATUS_CODES: tuple[tuple[type[errors.SummsvcError], grpc.StatusCode], ...] = (
    (errors.InvalidInputError, grpc.StatusCode.INVALID_ARGUMENT),
    (errors.ModelUnavailableError, grpc.StatusCode.FAILED_PRECONDITION),
    (errors.NotReadyError, grpc.StatusCode.UNAVAILABLE),
    (errors.OverloadedError, grpc.StatusCode.RESOURCE_EXHAUSTED),
    (errors.EngineMemoryError, grpc.StatusCode.RESOURCE_EXHAUSTED),
    (errors.DeadlineError, grpc.StatusCode.DEADLINE_EXCEEDED),
    (errors.UnauthenticatedError, grpc.StatusCode.UNAUTHENTICATED),
    (errors.UnknownMethodError, grpc.StatusCode.UNIMPLEMENTED),
    (errors.SummsvcError, grpc.StatusCode.INTERNAL),
)


def code_of(error: errors.SummsvcError) -> grpc.StatusCode:
    """Return the gRPC status code of an error."""
    return next(code for kind, code in _STATUS_CODES if isinstance(error, kind))


def status_of(error: errors.SummsvcError, request_id: str = "") -> status_pb2.Status:
    """Build the rich status of an error.

    request_id: added to the metadata of ErrorInfo unless empty.
    """
    metadata = {"request_id": request_id, **error.metadata}
    details: list[Message] = [
        error_details_pb2.ErrorInfo(
            reason=error.reason,
            domain=ERROR_DOMAIN,
            metadata={key: value for key, value in metadata.items() if value},
        )
    ]
    if error.field:
        violation = error_details_pb2.BadRequest.FieldViolation(
            field=error.field, description=error.message, reason=error.reason
        )
        details.append(error_details_pb2.BadRequest(field_violations=[violation]))
    if isinstance(error, errors.CallerLimitError):
        quota = error_details_pb2.QuotaFailure.Violation(
            subject=f"caller:{error.metadata.get('caller', '')}", description=error.message
        )
        details.append(error_details_pb2.QuotaFailure(violations=[quota]))
    if error.retry_after is not None:
        delay = duration_pb2.Duration()
        delay.FromMilliseconds(max(1, round(error.retry_after * 1000)))
        details.append(error_details_pb2.RetryInfo(retry_delay=delay))
    packed = []
    for detail in details:
        packed.append(any_pb2.Any())
        packed[-1].Pack(detail)
    number: int = code_of(error).value[0]
    assert code_pb2.Code.Name(number)
    return status_pb2.Status(code=number, message=error.message, details=packed)


def internal_error() -> errors.SummsvcError:
    """Build the error for an unexpected exception, whose traceback is only in the log."""
    return errors.SummsvcError(
        "the server failed on this request; the operator finds the cause in the server's log"
    )


def trailing_metadata(status: status_pb2.Status) -> tuple[str, bytes]:
    """Return the trailing metadata entry that carries a rich status."""
    return (DETAILS_KEY, status.SerializeToString())
