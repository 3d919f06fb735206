"""The application: deployments from options, and the same methods as the proto files."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest
from google.protobuf.descriptor import ServiceDescriptor
from grpc_health.v1 import health_pb2
from pydantic import ValidationError
from ray._common.utils import import_attr
from ray.serve._private.api import call_user_app_builder_with_args_if_necessary
from ray.serve._private.build_app import BuiltApplication, build_app

from summsvc.config import SettingsError
from summsvc.ray.application import SERVICER_FUNCTIONS, Options, app, grpc_options
from summsvc.ray.proxy import NOT_SERVED
from summsvc.ray.replica import Replica
from summsvc.v1 import model_service_pb2, summarization_service_pb2, translation_service_pb2

FILES = (summarization_service_pb2, translation_service_pb2, model_service_pb2, health_pb2)
WATCH = {"Watch"}
"""The method that the proxy answers."""


def built(**options: Any) -> BuiltApplication:
    """The application as Ray builds it from the arguments of a Serve config."""
    application = call_user_app_builder_with_args_if_necessary(app, options)  # type: ignore[arg-type]
    return build_app(application, name="test", default_runtime_env={})


def services() -> list[ServiceDescriptor]:
    return [each for file in FILES for each in file.DESCRIPTOR.services_by_name.values()]


def test_a_replica_has_each_method_of_the_proto_files() -> None:
    names = {each.name for service in services() for each in service.methods} - NOT_SERVED
    assert {"Summarize", "Translate", "StreamTranslate", "GetServerInfo", "Check"} <= names
    own = {name for name in vars(Replica) if not name.startswith("_")}
    assert own == names - WATCH
    for service in services():
        for method in service.methods:
            assert not method.client_streaming, "Ray's handlers here have one request"
            if method.name in own:
                behavior = getattr(Replica, method.name)
                assert inspect.isasyncgenfunction(behavior) == method.server_streaming
                assert "grpc_context" in inspect.signature(behavior).parameters


def test_the_proxy_serves_each_method_of_the_proto_files() -> None:
    added: list[str] = []

    class Server:
        service_handler_factory = staticmethod(lambda **_: None)

        def add_generic_rpc_handlers(self, _handlers: object) -> None: ...

        def add_registered_method_handlers(self, service: str, handlers: dict[str, Any]) -> None:
            assert all(each.request_deserializer is None for each in handlers.values())
            added.extend(f"/{service}/{name}" for name in handlers)

        class _server:
            add_generic_rpc_handlers = staticmethod(lambda _: None)

    add_services: Any = import_attr(SERVICER_FUNCTIONS[0])
    add_services(Mock(), Server())
    methods = [method for each in services() for method in each.methods]
    own = [f"/{each.containing_service.full_name}/{each.name}" for each in methods]
    assert sorted(added) == sorted(each for each in own if not each.endswith("/List"))


def test_deployments_have_the_replicas_of_the_options(tmp_path: Path) -> None:
    made = built(
        settings={"model_dir": str(tmp_path), "drain_s": 7, "max_pending_calls": 300},
        service={
            "min_replicas": 2,
            "max_replicas": 4,
            "target_ongoing_requests": 32,
            "num_cpus": 3,
        },
        models={"firefox-en-ru": {"max_replicas": 4, "num_cpus": 2}, "bart": {"num_gpus": 1}},
    )
    deployments = {each.name: each for each in made.deployments}
    assert set(deployments) == {"summsvc", "model-firefox-en-ru", "model-bart"}
    assert made.ingress_deployment_name == "summsvc"
    service = deployments["summsvc"]._deployment_config
    assert service.autoscaling_config is not None
    assert service.autoscaling_config.max_replicas == 4
    assert service.autoscaling_config.get_target_ongoing_requests() == 32
    assert service.max_ongoing_requests == 300
    assert service.graceful_shutdown_timeout_s == 7
    arguments: Any = deployments["summsvc"].init_args
    settings, handles = arguments
    assert settings == {
        "workers": 8,
        "metrics_port": -1,
        "model_dir": str(tmp_path),
        "drain_s": 7,
        "max_pending_calls": 300,
    }
    assert set(handles) == {"firefox-en-ru", "bart"}
    model = deployments["model-bart"]
    assert model.ray_actor_options is not None
    assert model.ray_actor_options["num_gpus"] == 1
    assert model._deployment_config.max_ongoing_requests == 2
    assert model.init_args[0]["workers"] == 1


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"tls_cert": __file__, "tls_key": __file__}, "tls_cert: connections belong to Ray's"),
        ({"health_port": 5}, "health_port: connections belong"),
        ({"web": "127.0.0.1:8080"}, "web: connections belong"),
        ({"max_batch_articles": "x"}, "max_batch_articles"),
        ({"unknown": 1}, "unknown"),
    ],
    ids=["tls", "health", "web", "value", "name"],
)
def test_settings_that_ray_has_no_use_for_are_rejected(settings: dict[str, Any], said: str) -> None:
    with pytest.raises(SettingsError, match=said):
        app(Options(settings=settings))


def test_unknown_options_are_rejected() -> None:
    with pytest.raises(ValidationError, match="replicas"):
        built(service={"replicas": 2})


def test_grpc_options_name_the_servicer_function() -> None:
    assert grpc_options(9000) == {
        "port": 9000,
        "grpc_servicer_functions": ["summsvc.ray.proxy.add_services"],
    }
