"""A generic gRPC handler for the method Translate, for servers without the rest of summsvc."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import grpc

from summsvc.v1 import translation_service_pb2 as pb

MESSAGES: dict[str, Any] = {
    "request_deserializer": pb.TranslateRequest.FromString,
    "response_serializer": pb.TranslateResponse.SerializeToString,
}
"""Arguments of ``handler`` for parsed messages; without them, messages are bytes."""


def handler(translate: Callable[..., Any], **coding: Any) -> Any:
    """A gRPC handler that serves Translate and no other method."""
    method = grpc.unary_unary_rpc_method_handler(translate, **coding)
    return grpc.method_handlers_generic_handler(
        "summsvc.v1.TranslationService", {"Translate": method}
    )
