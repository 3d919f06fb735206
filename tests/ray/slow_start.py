"""Start of Ray on a machine that is busy: Ray waits 15 seconds for the ports of its agents.

With fixed ports nothing has to be waited for: the files in which the agents tell their ports
are written before the node starts. Then Ray waits 30 seconds for the node; here it waits longer.
"""

from __future__ import annotations

import inspect
import time
from pathlib import Path
from typing import Any

from ray._private import services

from tests.running import free_ports

START_S = 180
"""Seconds for a node to start."""

PORTS = (
    "metrics_agent_port",
    "metrics_export_port",
    "dashboard_agent_listen_port",
    "runtime_env_agent_port",
)


def wait_longer() -> None:
    """Change the start of Ray in this process."""
    start_raylet, get_node = services.start_raylet, services.get_node

    def start(*arguments: Any, **options: Any) -> Any:
        bound = inspect.signature(start_raylet).bind(*arguments, **options)
        session, node = bound.arguments["session_dir"], bound.arguments["node_id"]
        for name, port in zip(PORTS, free_ports(len(PORTS)), strict=True):
            bound.arguments[name] = port
            (Path(session) / f"{name}_{node}").write_text(str(port))
        return start_raylet(*bound.args, **bound.kwargs)

    def find(*arguments: Any) -> Any:
        until = time.monotonic() + START_S
        while True:
            try:
                return get_node(*arguments)  # type: ignore[no-untyped-call]
            except RuntimeError:
                if time.monotonic() > until:
                    raise
                time.sleep(1)

    services.start_raylet, services.get_node = start, find
