"""Fixtures: a server with the web page and small batches, and an HTTP client of the page."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from summsvc.config import Settings
from tests.running import Running, running
from tests.server.watched import ControlledEngine
from tests.server.web.students import student_store


@pytest.fixture(scope="package")
def students(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Model store with the student from English into Russian."""
    return student_store(tmp_path_factory.mktemp("students"), "ru")


@pytest.fixture(scope="package")
def web_server(students: Path) -> Iterator[Running]:
    """A server with models that computes one small batch at a time."""
    settings = Settings(
        port=0,
        metrics_port=-1,
        web="127.0.0.1:0",
        model_dir=students,
        preload=["all"],
        workers=1,
        batch_tokens=256,
        max_terms=3,
        max_message_bytes=200_000,
    )
    with running(settings) as server:
        server.wait_until_ready()
        yield server


@pytest.fixture
def web(web_server: Running) -> Iterator[httpx2.Client]:
    with httpx2.Client(base_url=web_server.server.web_url, timeout=60) as client:
        yield client


@pytest.fixture
def watched(web_server: Running) -> Iterator[ControlledEngine]:
    model = ControlledEngine(web_server, "firefox-en-ru")
    yield model
    model.restore()
    model.wait_until_idle()
