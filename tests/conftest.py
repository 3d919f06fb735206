"""Shared fixtures: the seed article, a model store, servers and gRPC channels."""

from __future__ import annotations

import os

# Must be set before any library that reads it is imported.
os.environ.setdefault("HF_HUB_OFFLINE", "1")

import threading
from collections.abc import Iterator
from pathlib import Path

import grpc
import pytest
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings

from summsvc.config import Settings
from summsvc.engines.base import Task
from summsvc.models.catalog import Catalog
from summsvc.models.store.store import Store
from tests.checkpoints import marian
from tests.running import Running, running

# Tests assert no durations, so that hypothesis needs no deadline.
hypothesis_settings.register_profile("untimed", hypothesis_settings.default, deadline=None)
hypothesis_settings.load_profile("untimed")
# Selected by --hypothesis-profile thorough, for nightly runs.
hypothesis_settings.register_profile(
    "thorough", max_examples=20_000, deadline=None, suppress_health_check=list(HealthCheck)
)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Fail when a test left a thread that would keep the interpreter alive."""
    left = [each for each in threading.enumerate() if each is not threading.main_thread()]
    if waited := [each.name for each in left if not each.daemon]:
        print(f"threads left by tests: {', '.join(waited)}")
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


SEED = next((Path(__file__).parents[1] / "seeds").glob("*.txt"))


@pytest.fixture(scope="session")
def seed() -> str:
    """The article in seeds/."""
    return SEED.read_text("utf-8")


@pytest.fixture(scope="session")
def model_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Model store with the trained en-ru and en-lt checkpoints under the default ids."""
    store = Store(tmp_path_factory.mktemp("models"))
    catalog = Catalog.load()
    for language in ("ru", "lt"):
        id = f"opus-en-{language}"
        store.add(marian(f"en-{language}"), id, Task.TRANSLATION, entry=catalog.get(id))
    return store.root


@pytest.fixture(scope="session")
def translating_server(model_dir: Path) -> Iterator[Running]:
    """Server with both models loaded."""
    with running(Settings(port=0, metrics_port=0, model_dir=model_dir, preload=["all"])) as server:
        server.wait_until_ready()
        yield server


@pytest.fixture(scope="session")
def server(translating_server: Running) -> Running:
    """The translating server; some test packages override this fixture."""
    return translating_server


@pytest.fixture(scope="session")
def bare_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """Server without models."""
    empty = tmp_path_factory.mktemp("none")
    with running(Settings(port=0, metrics_port=-1, model_dir=empty)) as server:
        yield server


@pytest.fixture
def channel(server: Running) -> Iterator[grpc.Channel]:
    with grpc.insecure_channel(server.address) as channel:
        yield channel


@pytest.fixture
def bare_channel(bare_server: Running) -> Iterator[grpc.Channel]:
    with grpc.insecure_channel(bare_server.address) as channel:
        yield channel
