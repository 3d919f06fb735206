"""Converted student models and their engines."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from summsvc.engines.base import ModelSpec, Placement, Task
from summsvc.engines.load import load
from summsvc.engines.onnxruntime.engine import OnnxRuntimeEngine
from summsvc.models.conversion.students.convert import convert
from tests.checkpoints import student

Loaded = Callable[[Placement], OnnxRuntimeEngine]


@pytest.fixture(scope="session")
def converted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The converted student en-ru."""
    folder = tmp_path_factory.mktemp("student")
    convert(student("en-ru"), folder)
    return folder


def open_engine(folder: Path, placement: Placement) -> OnnxRuntimeEngine:
    spec = ModelSpec("firefox-en-ru", Task.TRANSLATION, folder, "student", (("en", "ru"),))
    engine = load(spec, placement)
    assert isinstance(engine, OnnxRuntimeEngine)
    return engine


@pytest.fixture(scope="session")
def engine(converted: Path) -> Iterator[OnnxRuntimeEngine]:
    """Searches the whole vocabulary."""
    engine = open_engine(converted, Placement(shortlist=False))
    yield engine
    engine.close()


@pytest.fixture(scope="session")
def short(converted: Path) -> Iterator[OnnxRuntimeEngine]:
    """Searches the shortlist."""
    engine = open_engine(converted, Placement())
    yield engine
    engine.close()
