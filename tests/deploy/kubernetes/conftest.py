"""Fixture: the manifests of each overlay, and of an overlay with all components."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.deploy.kubernetes.manifests import FOLDER, Manifests, render

OVERLAYS = sorted(path.name for path in (FOLDER / "overlays").iterdir())
ALL_COMPONENTS = "all components"


@pytest.fixture(scope="session", params=[*OVERLAYS, ALL_COMPONENTS])
def manifests(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Manifests:
    if request.param != ALL_COMPONENTS:
        return render(FOLDER / "overlays" / request.param)
    folder = tmp_path_factory.mktemp("own")
    # kustomize accepts no absolute paths.
    base = Path(os.path.relpath(FOLDER, folder.resolve()))
    components = sorted(path.name for path in (FOLDER / "components").iterdir())
    (folder / "kustomization.yaml").write_text(
        "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\n"
        f"resources: [{base}/overlays/cpu]\n"
        f"components: [{', '.join(f'{base}/components/{name}' for name in components)}]\n"
    )
    return render(folder)
