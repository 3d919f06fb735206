"""Clients in a process of their own, so that they share no interpreter with what they measure."""

from __future__ import annotations

import dataclasses
import json
import subprocess
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from _typeshed import DataclassInstance


def start(module: str, plan: DataclassInstance) -> subprocess.Popen[str]:
    """Start a module that reads a plan as JSON from its input and writes what came back."""
    process = subprocess.Popen(
        [sys.executable, "-m", module], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdin is not None
    process.stdin.write(json.dumps(dataclasses.asdict(plan)))
    process.stdin.close()
    return process


def finish(process: subprocess.Popen[str]) -> dict[str, Any]:
    """Wait for a plan that was started. Raises RuntimeError when its process failed."""
    assert process.stdout is not None
    said = process.stdout.read()
    process.stdout.close()
    if process.wait():
        raise RuntimeError("the clients failed")
    done: dict[str, Any] = json.loads(said)
    return done
