"""The manifests of deploy/k8s as kubectl renders them."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml  # type: ignore[import-untyped,unused-ignore]

ROOT = Path(__file__).parents[3]
FOLDER = ROOT / "deploy" / "k8s"
KUBECTL = Path(sys.executable).parent / "kubectl"

PROBES = ("startup", "readiness", "liveness")

Manifest = dict[str, Any]
Container = dict[str, Any]


@dataclass(frozen=True)
class Manifests:
    """All objects of one overlay."""

    objects: Sequence[Manifest]

    def one(self, kind: str) -> Any:
        """The only object of a kind."""
        (found,) = [each for each in self.objects if each["kind"] == kind]
        return found

    def config(self, prefix: str) -> dict[str, str]:
        """Content of the only ConfigMap whose name begins with ``prefix``."""
        (found,) = [
            each["data"]
            for each in self.objects
            if each["kind"] == "ConfigMap" and each["metadata"]["name"].startswith(prefix)
        ]
        return dict(found)

    @cached_property
    def pod(self) -> Any:
        """The pod of the Deployment."""
        return self.one("Deployment")["spec"]["template"]["spec"]

    @cached_property
    def server(self) -> Container:
        """The container of the server."""
        (container,) = self.pod["containers"]
        return dict(container)

    @property
    def containers(self) -> list[Container]:
        """The container of the server, and those that run before it."""
        return [*self.pod.get("initContainers", ()), self.server]

    def environment(self, container: Container) -> dict[str, str]:
        """Variables of a container: of the image, of ConfigMaps and of the manifest."""
        found = image_environment()
        for source in container.get("envFrom", ()):
            found |= self.config(source["configMapRef"]["name"])
        return found | {each["name"]: each["value"] for each in container.get("env", ())}


def render(folder: Path) -> Manifests:
    """Run ``kubectl kustomize``; it needs no cluster."""
    done = subprocess.run(
        [KUBECTL, "kustomize", folder], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    # Such as for fields that kustomize will no longer know.
    assert done.stderr == ""
    return Manifests(list(yaml.safe_load_all(done.stdout)))


def adapter_rule() -> Any:
    """The rule by which prometheus-adapter makes the autoscaler's metric."""
    values = yaml.safe_load((FOLDER / "prometheus-adapter.yaml").read_text("utf-8"))
    (rule,) = values["rules"]["custom"]
    return rule


def dockerfile(instruction: str) -> list[str]:
    """Arguments of an instruction in the last stage of the Dockerfile."""
    text = (ROOT / "Dockerfile").read_text("utf-8").replace("\\\n", " ")
    stage = text[text.rindex("\nFROM ") :]
    return [
        word
        for arguments in re.findall(rf"^{instruction} (.+)$", stage, re.M)
        for word in shlex.split(arguments)
    ]


def image_environment() -> dict[str, str]:
    """Variables that the image sets."""
    return dict(word.split("=", 1) for word in dockerfile("ENV"))


def main() -> None:
    """Print a part of a container, one entry a line: OVERLAY CONTAINER PART.

    PART: "environment", "args" or "probes" (kind, port, service).
    """
    overlay, name, part = sys.argv[1:]
    manifests = render(FOLDER / "overlays" / overlay)
    (container,) = [each for each in manifests.containers if each["name"] == name]
    if part == "environment":
        lines = [f"{key}={value}" for key, value in manifests.environment(container).items()]
    elif part == "args":
        lines = container["args"]
    else:
        probes = {kind: container[f"{kind}Probe"]["grpc"] for kind in PROBES}
        lines = [
            f"{kind} {probe['port']} {probe.get('service', '')}" for kind, probe in probes.items()
        ]
    print(*lines, sep="\n")


if __name__ == "__main__":
    main()
