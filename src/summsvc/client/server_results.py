"""Messages about a server in, typed values out."""

from __future__ import annotations

from typing import cast

from grpc_health.v1 import health_pb2

from summsvc.client import server_types
from summsvc.client.fields import same, word
from summsvc.client.options import DecodingOptions
from summsvc.v1 import model_service_pb2


def model_list(message: model_service_pb2.ListModelsResponse) -> server_types.ModelList:
    return server_types.ModelList(
        models=tuple(_model(each) for each in message.models),
        routes=tuple(
            server_types.Route(
                source_language=each.pair.source_language_code,
                target_language=each.pair.target_language_code,
                models=tuple(each.models),
                installed=each.installed,
            )
            for each in message.routes
        ),
        raw=message,
    )


def server_info(message: model_service_pb2.GetServerInfoResponse) -> server_types.ServerInfo:
    return server_types.ServerInfo(
        version=message.version,
        components=dict(message.components),
        limits=same(server_types.Limits, message.limits),
        languages=tuple(message.languages),
        uptime_s=message.uptime_s,
        mime_types=tuple(message.mime_types),
        default_summary_method=message.default_summary_method,
        raw=message,
    )


def health(message: health_pb2.HealthCheckResponse) -> server_types.HealthStatus:
    """Anything but SERVING and NOT_SERVING is UNKNOWN."""
    known: dict[int, server_types.HealthStatus] = {
        health_pb2.HealthCheckResponse.SERVING: "SERVING",
        health_pb2.HealthCheckResponse.NOT_SERVING: "NOT_SERVING",
    }
    return known.get(message.status, "UNKNOWN")


def _model(message: model_service_pb2.Model) -> server_types.Model:
    pb = model_service_pb2
    decoding = message.decoding
    return server_types.Model(
        id=message.id,
        task=cast("server_types.Task | None", word(pb.ModelTask, "MODEL_TASK_", message.task)),
        state=cast(
            "server_types.ModelState | None", word(pb.ModelState, "MODEL_STATE_", message.state)
        ),
        error=message.error,
        engine=message.engine,
        device=message.device,
        compute_type=message.compute_type,
        pairs=tuple(
            (each.source_language_code, each.target_language_code)
            for each in message.language_pairs
        ),
        license=same(server_types.License, message.license),
        size_bytes=message.size_bytes,
        repository=message.repository,
        revision=message.revision,
        max_input_tokens=message.max_input_tokens,
        decoding=DecodingOptions(**{field.name: value for field, value in decoding.ListFields()}),
    )
