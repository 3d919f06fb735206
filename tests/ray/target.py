"""Servers of the tests as applications of Ray, where SUMMSVC_TEST_TARGET is "ray".

``tests.running.running`` then starts no server in this process but an application with the
same settings and two replicas. One application runs at a time; using the address of another one
starts it again. A test that reaches into the server's process is skipped.
"""

from __future__ import annotations

import atexit
import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import cache
from pathlib import Path
from typing import Any, NoReturn

import pytest

from summsvc.config import Settings, SettingsError
from summsvc.models.store.store import Store
from summsvc.ray.application import Options, app
from tests.ray.cluster import Cluster, cluster
from tests.running import Reachable

REPLICAS = 2

APART = os.environ.get("SUMMSVC_TEST_MODELS") == "apart"
"""Whether models have replicas of their own, which those of transformers cannot have."""

TRANSPORT_SETTINGS = (
    "max_connection_age_s",
    "max_connection_idle_s",
    "max_connections",
    "max_handshake_s",
    "max_header_bytes",
    "max_message_bytes",
    "max_pending_calls",
    "max_receive_s",
    "max_streams_per_connection",
)
"""Settings of connections, which belong to Ray's proxy."""


@cache
def the_cluster() -> Cluster:
    """Ray for all tests of this process."""
    stack = ExitStack()
    atexit.register(stack.close)
    return stack.enter_context(cluster(cpus=REPLICAS))


def options(settings: dict[str, Any]) -> dict[str, Any]:
    """Options of the application: two replicas; converted models apart, if that is asked for."""
    scale = {"min_replicas": REPLICAS, "max_replicas": REPLICAS, "num_cpus": 0.5}
    models = Store(Path(settings["model_dir"])).refresh().manifests.values() if APART else ()
    apart = {each.id: {"num_cpus": 0.5} for each in models if each.engine != "transformers"}
    return {"settings": settings, "service": scale, "models": apart}


class Target(Reachable):
    """A server of a test. settings: by name. called: whether the current test asked for Ray."""

    called = False
    current: Target | None = None

    def __init__(self, settings: dict[str, Any]) -> None:
        self._settings = settings

    @property
    def address(self) -> str:
        """Address of Ray's proxy, while this server's application runs."""
        if Target.current is not self:
            the_cluster().run(options(self._settings))
            Target.current = self
        Target.called = True
        return the_cluster().address

    @property
    def server(self) -> NoReturn:
        pytest.skip("in process: the test reaches into the server")

    loop = server

    def stop(self) -> NoReturn:
        pytest.skip("in process: the test stops the server")


@contextmanager
def target(settings: Settings) -> Iterator[Target]:
    """A server with these settings; skips the test for settings that Ray has no use for."""
    given = settings.model_dump(mode="json", exclude_unset=True)
    if own := sorted(set(given) & set(TRANSPORT_SETTINGS)):
        pytest.skip(f"transport: {', '.join(own)}")
    given |= {"port": 0, "metrics_port": -1}
    try:
        app(Options(settings=given))
    except SettingsError as error:
        pytest.skip(f"transport: {error}")
    yield Target(given)
