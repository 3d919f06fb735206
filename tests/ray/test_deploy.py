"""deploy/ray: the Serve config and the manifest for KubeRay."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import ray
import yaml
from ray._common.utils import import_attr
from ray.serve._private import constants
from ray.serve.schema import ServeDeploySchema

from summsvc.config import Settings
from summsvc.models.catalog import Catalog
from summsvc.ray.application import SERVICER_FUNCTIONS, Options, app
from tests.ray import crd

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "deploy" / "ray"
SERVE = (FOLDER / "serve.yaml").read_text("utf-8")
MANIFEST: dict[str, Any] = yaml.safe_load((FOLDER / "rayservice.yaml").read_text("utf-8"))
CLUSTER: dict[str, Any] = MANIFEST["spec"]["rayClusterConfig"]
PODS: list[dict[str, Any]] = [
    each["template"] for each in (CLUSTER["headGroupSpec"], *CLUSTER["workerGroupSpecs"])
]
CONFIG = ServeDeploySchema.model_validate(yaml.safe_load(SERVE))


def test_the_manifest_has_the_serve_config() -> None:
    assert MANIFEST["spec"]["serveConfigV2"] == SERVE


def test_the_serve_config_is_that_of_the_application() -> None:
    (application,) = CONFIG.applications
    assert import_attr(application.import_path) is app
    options = Options.model_validate(application.args)
    app(options)
    assert CONFIG.grpc_options.grpc_servicer_functions == list(SERVICER_FUNCTIONS)
    assert callable(import_attr(SERVICER_FUNCTIONS[0]))
    assert application.route_prefix is not None
    assert set(options.models) <= set(Catalog.load().entries)


@pytest.mark.parametrize("pod", PODS, ids=lambda pod: pod["spec"]["containers"][0]["name"])
def test_pods_are_valid_and_without_privileges(pod: dict[str, Any]) -> None:
    whole = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "x"}, "spec": pod["spec"]}
    kubernetes_validate.validate(whole, kubernetes_validate.latest_version(), strict=True)
    spec = pod["spec"]
    assert spec["securityContext"]["runAsNonRoot"]
    (container,) = spec["containers"]
    assert container["securityContext"]["capabilities"]["drop"] == ["ALL"]
    assert spec["terminationGracePeriodSeconds"] > Settings().drain_s + Settings().drain_delay_s


def test_ports_and_limits_are_those_of_the_serve_config() -> None:
    (port,) = MANIFEST["spec"]["serveService"]["spec"]["ports"]
    assert port["port"] == port["targetPort"] == CONFIG.grpc_options.port
    for pod in PODS:
        (container,) = pod["spec"]["containers"]
        ports = {each["name"]: each["containerPort"] for each in container["ports"]}
        assert ports[port["name"]] == port["port"]
        variables = {each["name"]: each["value"] for each in container["env"]}
        name = "RAY_SERVE_GRPC_MAX_MESSAGE_SIZE"
        assert hasattr(constants, name)
        assert int(variables[name]) == Settings().max_message_bytes


def test_ray_has_one_version() -> None:
    (pinned,) = [
        line.partition("==")[2]
        for line in (ROOT / "constraints.txt").read_text().splitlines()
        if line.startswith("ray==")
    ]
    assert pinned == ray.__version__ == CLUSTER["rayVersion"]
    assert f"rayproject/ray:{pinned}-" in (FOLDER / "Dockerfile").read_text("utf-8")


def test_unknown_fields_of_a_resource_are_found() -> None:
    part = {"type": "object", "properties": {"a": {"type": "integer"}}}
    whole = {"type": "object", "properties": {"spec": part, "apiVersion": {"type": "string"}}}
    versions = [{"name": "v1", "schema": {"openAPIV3Schema": whole}}]
    definition = {"spec": {"versions": versions}}
    manifest = {"apiVersion": "ray.io/v1", "metadata": {}, "spec": {"a": "x", "b": 1}}
    value, unknown = sorted(crd.faults(definition, manifest))
    assert value.startswith("$.spec.a:")
    assert unknown.startswith("$.spec:")
    assert "'b' was unexpected" in unknown
