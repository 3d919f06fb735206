"""Check of the manifest for KubeRay against the schema of its CustomResourceDefinition.

    python -m tests.ray.crd CRD_FILE

CRD_FILE: of RayService, for example from ``kubectl get crd rayservices.ray.io -o yaml``.
Fields that the schema does not have are errors too; Kubernetes would drop them.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml
from jsonschema import Draft7Validator

MANIFEST = Path(__file__).parents[2] / "deploy" / "ray" / "rayservice.yaml"


def schema(crd: dict[str, Any], version: str) -> dict[str, Any]:
    """The schema of one version of a resource, which permits only known fields."""
    (found,) = [each for each in crd["spec"]["versions"] if each["name"] == version]
    closed: dict[str, Any] = found["schema"]["openAPIV3Schema"]
    # The schema of the definition leaves the metadata to Kubernetes.
    closed["properties"]["metadata"] = {"type": "object"}
    _close(closed)
    return closed


def _close(part: Any) -> None:
    if isinstance(part, list):
        for each in part:
            _close(each)
    elif isinstance(part, dict):
        if isinstance(part.get("properties"), dict) and part.get("type") == "object":
            part.setdefault("additionalProperties", False)
        for each in part.values():
            _close(each)


def faults(crd: dict[str, Any], manifest: dict[str, Any]) -> Iterator[str]:
    """What the schema does not permit: the path and the message."""
    version = manifest["apiVersion"].rpartition("/")[2]
    for error in Draft7Validator(schema(crd, version)).iter_errors(manifest):
        yield f"{error.json_path}: {error.message[:300]}"


if __name__ == "__main__":
    found = list(
        faults(yaml.safe_load(Path(sys.argv[1]).read_text()), yaml.safe_load(MANIFEST.read_text()))
    )
    print("\n".join(found) or f"{MANIFEST.name} is valid")
    sys.exit(bool(found))
