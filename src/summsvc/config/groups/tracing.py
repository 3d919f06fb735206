"""Settings of tracing."""

from __future__ import annotations

from pydantic import BaseModel, Field

from summsvc.config.values import TraceEndpoint


class TracingSettings(BaseModel):
    """Settings of tracing."""

    tracing: bool = Field(
        default=False,
        description="Record traces and export them by OTLP over gRPC; needs the extra otel. The "
        "variables OTEL_* of the OpenTelemetry SDK and its OTLP exporter apply too.",
    )
    tracing_endpoint: TraceEndpoint = Field(
        default="",
        json_schema_extra={"default": "none"},
        description="Address of the OTLP collector, http://HOST:PORT or https://HOST:PORT; none: "
        "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT, OTEL_EXPORTER_OTLP_ENDPOINT or "
        "http://localhost:4317.",
    )
    tracing_sample_ratio: float = Field(
        default=-1.0,
        ge=-1,
        le=1,
        description="Share of the calls that are traced, of those whose metadata has no trace "
        "context; the others are traced as their caller decided. -1: as OTEL_TRACES_SAMPLER says, "
        "every call by default.",
    )
    tracing_service_name: str = Field(
        default="",
        json_schema_extra={"default": "none"},
        description="Name of the service in traces; none: OTEL_SERVICE_NAME or summsvc.",
    )
