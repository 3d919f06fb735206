"""JSON of requests, replies and errors: protobuf's JSON mapping with the proto's field names."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any, TypeVar

from google.protobuf.json_format import MessageToDict, ParseDict, ParseError
from google.protobuf.message import Message
from google.rpc import code_pb2, error_details_pb2, status_pb2

from summsvc.errors import MalformedRequestError

M = TypeVar("M", bound=Message)

HTTP_STATUSES = {
    code_pb2.INVALID_ARGUMENT: 400,
    code_pb2.FAILED_PRECONDITION: 400,
    code_pb2.UNAUTHENTICATED: 401,
    code_pb2.RESOURCE_EXHAUSTED: 429,
    code_pb2.UNIMPLEMENTED: 501,
    code_pb2.UNAVAILABLE: 503,
    code_pb2.DEADLINE_EXCEEDED: 504,
}
"""HTTP status by gRPC code, as in ``google/rpc/code.proto``; 500 for all other codes."""


def encoded_request(body: bytes, kind: type[Message], max_entries: int) -> bytes:
    """Convert the JSON of a request to its encoded message, for ``RequestDeserializer.parse``.

    max_entries: of a list that are converted; one more is kept, so that its limit is noticed.
    Raises MalformedRequestError, whose message quotes no text of the request.
    """
    with suppress(ValueError, TypeError, AttributeError, RecursionError, ParseError):
        value = json.loads(body)
        if isinstance(value, dict):
            message = ParseDict(_shortened(value, max_entries + 1), kind())
            return message.SerializeToString()
    raise MalformedRequestError(
        f"the body is not a {kind.DESCRIPTOR.full_name} message in JSON; "
        "use the field names of the proto files of this server's version"
    )


def _shortened(value: object, most: int) -> Any:
    if isinstance(value, list):
        return value[:most]
    if isinstance(value, dict):
        return {key: _shortened(each, most) for key, each in value.items()}
    return value


def reply_json(kind: type[Message], reply: Message | bytes) -> bytes:
    """Convert a reply, or an encoded reply, to JSON of one line, without the line feed.

    Fields that have their default value are omitted.
    """
    message = kind.FromString(reply) if isinstance(reply, bytes) else reply
    return as_json(MessageToDict(message, preserving_proto_field_name=True))


def error_json(status: status_pb2.Status) -> bytes:
    """Convert the status of an error to JSON: its code and its details in one object.

    The keys are code, message, reason, metadata, and where they are known field and
    retry_after_s.
    """
    error: dict[str, object] = {
        "code": code_pb2.Code.Name(status.code),
        "message": status.message,
    }
    for detail in status.details:
        info = error_details_pb2.ErrorInfo()
        bad = error_details_pb2.BadRequest()
        retry = error_details_pb2.RetryInfo()
        if detail.Unpack(info):
            error |= {"reason": info.reason, "metadata": dict(info.metadata)}
        elif detail.Unpack(bad):
            error["field"] = bad.field_violations[0].field
        elif detail.Unpack(retry):
            error["retry_after_s"] = retry.retry_delay.ToMilliseconds() / 1000
    return as_json({"error": error})


def http_status(status: status_pb2.Status) -> int:
    """Return the HTTP status of an error."""
    return HTTP_STATUSES.get(status.code, 500)


def as_json(value: object) -> bytes:
    """Encode a value as JSON of one line."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
