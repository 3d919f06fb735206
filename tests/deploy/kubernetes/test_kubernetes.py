"""The manifests conform to Kubernetes' schemas, and agree with settings, image and server."""

from __future__ import annotations

import os
import re
import tomllib
from pathlib import Path

import kubernetes_validate
import pytest

import summsvc
from summsvc.cli.models import pull
from summsvc.config import Settings
from summsvc.config.sources import ENV_PREFIX, load_settings
from summsvc.models.catalog import Catalog
from summsvc.server.services.health import MODEL_SERVICE, SUMMARIZATION_SERVICE, TRANSLATION_SERVICE
from tests.deploy.kubernetes.manifests import (
    PROBES,
    ROOT,
    Manifests,
    adapter_rule,
    dockerfile,
    render,
)
from tests.running import Running
from tests.test_readme import example

PAGE = "docs/how-to/kubernetes.md"

RELEASES = ("1.31", "1.37")
"""The oldest release of Kubernetes that the manifests are for, and the newest with a schema."""

SHUTDOWN_MARGIN_S = 3
"""Seconds of the grace period beyond the end of the process, for the container runtime."""


@pytest.mark.parametrize("release", RELEASES)
def test_every_object_conforms_to_its_schema(manifests: Manifests, release: str) -> None:
    assert len(manifests.objects) == 8
    for each in manifests.objects:
        # Strict: a field that the schema does not have is an error.
        kubernetes_validate.validate(each, release, strict=True)


FILES = ("catalog_file", "tls_cert", "tls_key", "token_file")
"""Settings that name files, which the pod has and this machine does not."""


def settings(manifests: Manifests) -> Settings:
    environment = manifests.environment(manifests.server)
    files = {ENV_PREFIX + name.upper() for name in FILES} & set(environment)
    return load_settings(environ=environment | dict.fromkeys(files, __file__))


def test_variables_name_settings_with_valid_values(manifests: Manifests) -> None:
    assert settings(manifests).health_port > 0
    for container in manifests.containers:
        names = {name for name in manifests.environment(container) if name.startswith(ENV_PREFIX)}
        known = {ENV_PREFIX + name.upper() for name in Settings.model_fields}
        assert names - known == set()


def test_ports_are_those_of_the_settings_and_of_the_image(manifests: Manifests) -> None:
    found = settings(manifests)
    ports = {each["name"]: each["containerPort"] for each in manifests.server["ports"]}
    assert ports == {
        "grpc": found.port,
        "health": found.health_port,
        "metrics": found.metrics_port,
    }
    exposed = {int(port) for port in dockerfile("EXPOSE")}
    assert exposed == {ports["grpc"], ports["metrics"]}
    service = manifests.one("Service")["spec"]
    assert service["clusterIP"] == "None"
    assert {each["targetPort"]: each["port"] for each in service["ports"]} == {
        name: port for name, port in ports.items() if name != "health"
    }
    rules = manifests.one("NetworkPolicy")["spec"]["ingress"]
    assert {port["port"] for rule in rules for port in rule["ports"]} == {"grpc", "metrics"}
    notes = manifests.one("Deployment")["spec"]["template"]["metadata"]["annotations"]
    assert notes["prometheus.io/port"] == str(ports["metrics"])


def test_a_server_answers_the_probes(manifests: Manifests, translating_server: Running) -> None:
    probes = [manifests.server[f"{kind}Probe"] for kind in PROBES]
    assert {probe["grpc"]["port"] for probe in probes} == {settings(manifests).health_port}
    services = [probe["grpc"].get("service", "") for probe in probes]
    # Only readiness waits for models: no pod is killed because a model loads slowly.
    assert services == ["", TRANSLATION_SERVICE, ""]
    assert {SUMMARIZATION_SERVICE, MODEL_SERVICE} & set(services) == set()
    for service in services:
        assert translating_server.health(service) == 1


def test_a_pod_has_no_privileges(manifests: Manifests) -> None:
    """The profile "restricted" of the Pod Security Standards, and a root that is read-only."""
    labels = manifests.one("Namespace")["metadata"]["labels"]
    assert labels["pod-security.kubernetes.io/enforce"] == "restricted"
    pod, (user,) = manifests.pod["securityContext"], dockerfile("USER")
    assert pod["runAsNonRoot"]
    assert f"{pod['runAsUser']}:{pod['runAsGroup']}" == user
    assert pod["seccompProfile"] == {"type": "RuntimeDefault"}
    assert manifests.pod["automountServiceAccountToken"] is False
    for container in manifests.containers:
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "privileged": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }
        assert {"cpu", "memory"} <= set(container["resources"]["requests"])
        assert "memory" in container["resources"]["limits"]
    kinds = {kind for volume in manifests.pod["volumes"] for kind in volume if kind != "name"}
    assert kinds <= {"configMap", "emptyDir", "secret"}
    assert not {"hostNetwork", "hostPID", "hostIPC"} & set(manifests.pod)


def test_a_server_writes_only_to_tmp(manifests: Manifests) -> None:
    written = {
        mount["mountPath"]
        for mount in manifests.server["volumeMounts"]
        if not mount.get("readOnly", False)
    }
    assert written <= {"/tmp"}


def test_volumes_and_files_exist(manifests: Manifests) -> None:
    volumes = {volume["name"]: volume for volume in manifests.pod["volumes"]}
    for container in manifests.containers:
        mounts = {mount["mountPath"]: mount["name"] for mount in container["volumeMounts"]}
        assert set(mounts.values()) <= set(volumes)
        environment = manifests.environment(container)
        for name in FILES:
            path = environment.get(ENV_PREFIX + name.upper())
            if path is None or (container is not manifests.server and name != "catalog_file"):
                continue
            volume = volumes[mounts[str(Path(path).parent)]]
            if "configMap" in volume:
                assert Path(path).name in manifests.config(volume["configMap"]["name"])
            else:
                assert volume["secret"]["secretName"].startswith("summsvc-")


def test_selectors_agree_with_the_labels_of_the_pods(manifests: Manifests) -> None:
    deployment = manifests.one("Deployment")
    labels = deployment["spec"]["template"]["metadata"]["labels"].items()
    selectors = [
        deployment["spec"]["selector"]["matchLabels"],
        manifests.one("Service")["spec"]["selector"],
        manifests.one("PodDisruptionBudget")["spec"]["selector"]["matchLabels"],
        manifests.one("NetworkPolicy")["spec"]["podSelector"]["matchLabels"],
        *(
            each["labelSelector"]["matchLabels"]
            for each in manifests.pod["topologySpreadConstraints"]
        ),
    ]
    for selector in selectors:
        assert selector
        assert selector.items() <= labels
    namespaced = [each for each in manifests.objects if each["kind"] != "Namespace"]
    namespace = manifests.one("Namespace")["metadata"]["name"]
    assert {each["metadata"]["namespace"] for each in namespaced} == {namespace}
    # A client is any pod with the label; it need not be one of this service.
    (client, _) = manifests.one("NetworkPolicy")["spec"]["ingress"]
    assert list(client["from"][0]["podSelector"]["matchLabels"]) == ["summsvc.client"]


def test_the_server_ends_before_it_is_killed(manifests: Manifests) -> None:
    found = settings(manifests)
    ends = found.drain_delay_s + found.drain_s + 1
    assert found.drain_delay_s > 0
    assert manifests.pod["terminationGracePeriodSeconds"] >= ends + SHUTDOWN_MARGIN_S
    # Health would stay SERVING while a preStop hook sleeps.
    assert "lifecycle" not in manifests.server


def test_a_rolling_update_never_has_fewer_pods(manifests: Manifests) -> None:
    deployment, autoscaler = manifests.one("Deployment"), manifests.one("HorizontalPodAutoscaler")
    assert deployment["spec"]["strategy"]["rollingUpdate"] == {"maxSurge": 1, "maxUnavailable": 0}
    assert "replicas" not in deployment["spec"]
    assert autoscaler["spec"]["minReplicas"] >= 2
    target = autoscaler["spec"]["scaleTargetRef"]
    assert (target["kind"], target["name"]) == ("Deployment", deployment["metadata"]["name"])
    budget = manifests.one("PodDisruptionBudget")["spec"]
    assert budget["maxUnavailable"] < autoscaler["spec"]["minReplicas"]


def test_models_are_pinned_and_those_that_are_pulled(manifests: Manifests, tmp_path: Path) -> None:
    text = manifests.config("summsvc-models")["models.toml"]
    pinned = tomllib.loads(text)
    for entry in pinned.values():
        assert {"revision", "files"} <= set(entry) or {"revision", "repository"} <= set(entry)
    (tmp_path / "models.toml").write_text(text, "utf-8")
    catalog, builtin = Catalog.load(tmp_path / "models.toml"), Catalog.load()
    # The catalogue's own pins; a test of the catalogue says that they are full hashes.
    assert {id: catalog.get(id) for id in pinned} == {id: builtin.get(id) for id in pinned}
    for container in manifests.pod.get("initContainers", ()):
        assert container["args"][:2] == ["models", "pull"]
        context = pull.make_context("pull", list(container["args"][2:]))
        assert set(context.params["ids"]) == set(pinned)
        environment = manifests.environment(container)
        assert environment["HF_HUB_OFFLINE"] == "0"
        model_dir = environment["SUMMSVC_MODEL_DIR"]
        assert model_dir == manifests.environment(manifests.server)["SUMMSVC_MODEL_DIR"]
        assert model_dir in {mount["mountPath"] for mount in container["volumeMounts"]}


def test_without_a_download_nothing_leaves_a_pod(manifests: Manifests) -> None:
    downloads = bool(manifests.pod.get("initContainers"))
    assert bool(manifests.one("NetworkPolicy")["spec"]["egress"]) == downloads


def test_the_autoscaler_uses_a_documented_metric(manifests: Manifests) -> None:
    (metric,) = manifests.one("HorizontalPodAutoscaler")["spec"]["metrics"]
    rule = adapter_rule()
    assert metric["pods"]["metric"]["name"] == rule["name"]["as"]
    asked = set(re.findall(r"summsvc_\w+", rule["seriesQuery"] + rule["metricsQuery"]))
    documented = (ROOT / "docs/reference/metrics.md").read_text("utf-8")
    for name in asked:
        histogram = re.sub(r"_(sum|count)$", "", name)
        assert f"| {histogram} |" in documented


def test_the_image_has_the_tag_of_the_version(manifests: Manifests) -> None:
    for container in manifests.containers:
        assert container["image"].endswith(f":{summsvc.__version__}")


def test_the_page_names_every_overlay_and_component() -> None:
    page = (ROOT / PAGE).read_text("utf-8")
    for kind in ("overlays", "components"):
        for path in (ROOT / "deploy/k8s" / kind).iterdir():
            assert f"{kind}/{path.name}" in page


def test_the_overlay_of_the_page(tmp_path: Path) -> None:
    text = example(PAGE, "yaml", "kind: Kustomization")
    root = os.path.relpath(ROOT, tmp_path.resolve())
    (tmp_path / "kustomization.yaml").write_text(text.replace("../summsvc/", f"{root}/"), "utf-8")
    own = render(tmp_path)
    assert settings(own).batch_target_ms == 500
    assert settings(own).tls_cert is not None
    for container in own.containers:
        assert container["image"].startswith("registry.internal/news/summsvc@sha256:")
