"""Application builder for Ray Serve: deployments of the service and of models.

In a Serve config: ``import_path: summsvc.ray.application:app``, and the fields of ``Options``
under ``args``. ``deploy/ray`` has a Serve config and a manifest for KubeRay.
"""

# Annotations are not postponed here: Ray needs the class in that of ``app``.

import math
from typing import Any, Final

from pydantic import BaseModel, ConfigDict, Field, NonNegativeFloat, PositiveFloat, PositiveInt
from ray import serve
from ray.serve import Application

from summsvc.config import Settings, SettingsError, load_settings
from summsvc.ray.model import ModelReplica
from summsvc.ray.replica import Replica

SERVICER_FUNCTIONS: Final = ("summsvc.ray.proxy.add_services",)
"""For ``grpc_servicer_functions`` in the ``grpc_options`` of Ray Serve."""

DEPLOYMENT: Final = "summsvc"
"""Name of the deployment of the service; that of a model is "model-" and its id."""

NEXT_BATCHES: Final = 1
"""Batches that wait in a replica of a model, so that it is not idle until the next one arrives."""

RAY_SETTINGS: Final = ("health_port", "metrics_tls", "tls_cert", "tls_client_ca", "tls_key", "web")
"""Settings of connections that must keep their defaults: connections belong to Ray's proxy."""


class Scale(BaseModel):
    """Replicas of a deployment, and what each one has.

    Ray starts a replica when the calls in a replica, waiting or computed, are more than
    ``target_ongoing_requests`` on average.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    min_replicas: PositiveInt = Field(default=1, description="Least replicas.")
    max_replicas: PositiveInt = Field(default=1, description="Most replicas.")
    target_ongoing_requests: PositiveFloat = Field(
        default=16, description="Calls per replica that Ray aims at."
    )
    num_cpus: NonNegativeFloat = Field(default=1, description="Cores that Ray reserves.")
    num_gpus: NonNegativeFloat = Field(default=0, description="GPUs that Ray reserves.")


class ModelScale(Scale):
    """Replicas of a model; their calls are batches, of which each computes a few at once."""

    target_ongoing_requests: PositiveFloat = Field(
        default=2, description="Batches per replica that Ray aims at."
    )


class Options(BaseModel):
    """Arguments of the application.

    settings: of ``summsvc serve``, by name; those that are not given come from the environment
    of the replicas. service: replicas of the service. models: by id, the models that have
    deployments of their own; the others run inside each replica of the service.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    settings: dict[str, Any] = Field(default_factory=dict)
    service: Scale = Scale()
    models: dict[str, ModelScale] = Field(default_factory=dict)


def app(options: Options) -> Application:
    """Build the application. Ray converts the ``args`` of a Serve config to ``options``.

    Raises SettingsError.
    """
    settings = _settings(options.settings)
    models = {
        id: _deployment(
            ModelReplica, f"model-{id}", scale, settings, calls=_workers(scale) + NEXT_BATCHES
        ).bind(_replica_settings(options.settings, _workers(scale)), id)
        for id, scale in options.models.items()
    }
    # The scheduler of a replica admits or rejects calls, so Ray must not hold them back.
    calls = settings.max_pending_calls
    service = _deployment(Replica, DEPLOYMENT, options.service, settings, calls=calls)
    # A model in a deployment of its own computes as many batches as all its replicas can.
    apart = [scale.max_replicas * _workers(scale) for scale in options.models.values()]
    workers = max([_workers(options.service), *apart])
    return service.bind(_replica_settings(options.settings, workers), models)


def grpc_options(port: int) -> dict[str, object]:
    """Return the ``grpc_options`` of Ray Serve for a port of the proxies."""
    return {"port": port, "grpc_servicer_functions": list(SERVICER_FUNCTIONS)}


def _settings(given: dict[str, Any]) -> Settings:
    """Validate the settings. Raises SettingsError."""
    settings = load_settings(flags=given)
    for name in RAY_SETTINGS:
        if getattr(settings, name) != Settings.model_fields[name].default:
            raise SettingsError(f"{name}: connections belong to Ray's proxy; leave it out")
    return settings


def _replica_settings(given: dict[str, Any], workers: int) -> dict[str, Any]:
    """Settings of a replica: Ray limits no replica to its cores, so ``workers`` does."""
    # Several replicas of one machine would need different ports.
    return {"workers": workers, "metrics_port": -1} | given


def _workers(scale: Scale) -> int:
    """Batches that a replica computes at the same time."""
    return 1 if scale.num_gpus else max(1, math.floor(scale.num_cpus))


def _deployment(
    replica: type, name: str, scale: Scale, settings: Settings, *, calls: int
) -> serve.Deployment:
    """Deployment of a class. calls: most calls in one replica; Ray holds back others."""
    create = serve.deployment(
        name=name,
        max_ongoing_requests=calls,
        autoscaling_config={
            "min_replicas": scale.min_replicas,
            "max_replicas": scale.max_replicas,
            "target_ongoing_requests": scale.target_ongoing_requests,
        },
        ray_actor_options={"num_cpus": scale.num_cpus, "num_gpus": scale.num_gpus},
        # Ray sends no further calls to a replica that ends, and waits for its calls.
        graceful_shutdown_timeout_s=settings.drain_delay_s + settings.drain_s,
    )
    return create(replica)
