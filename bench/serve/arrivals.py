"""Open-loop load: calls at a fixed arrival rate, sent by k6 (Grafana)."""

from __future__ import annotations

import dataclasses
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from google.protobuf import descriptor_pb2
from google.protobuf.descriptor import FileDescriptor

from summsvc.v1 import translation_service_pb2

SCRIPT = Path(__file__).with_name("arrivals.js")
WARM_UP_SHARE = 0.3
"""Share of the duration before throughput is counted, while the queue builds up."""


@dataclass(frozen=True)
class Plan:
    """A load.

    rate: calls per second. seconds: duration. deadline_s: of each call. most_waiting: the
    most concurrent calls.
    """

    address: str
    bodies: list[str]
    rate: float
    seconds: float
    deadline_s: float
    beams: int = 1

    @property
    def most_waiting(self) -> int:
        return int(self.rate * self.deadline_s) + 16


@dataclass(frozen=True)
class Arrivals:
    """Outcomes of the calls of a load.

    tokens_per_s: output tokens of responses in time, while calls arrived. answered,
    refused, late, broken: calls completed, rejected before their deadline, ended by their
    deadline, and failed otherwise (with calls that k6 could not start). client_cpu: mean
    cores used by k6 on the same machine.
    """

    rate: float
    tokens_per_s: float
    answered: int
    refused: int
    late: int
    broken: int
    p50_ms: float
    p95_ms: float
    p99_ms: float
    refused_p95_ms: float
    client_cpu: float = 0.0


def run(plan: Plan) -> Arrivals:
    """Run a load with k6 and return its outcomes."""
    warm_up = plan.seconds * WARM_UP_SHARE
    with tempfile.TemporaryDirectory() as work:
        paths = {name: Path(work) / name.lower() for name in ("PLAN", "PROTOSET", "RESULT")}
        facts = dataclasses.asdict(plan)
        facts |= {"most_waiting": plan.most_waiting, "warm_up_s": warm_up}
        paths["PLAN"].write_text(json.dumps(facts))
        paths["PROTOSET"].write_bytes(_protoset())
        command = [str(Path(sys.executable).with_name("k6")), "run", "--quiet", str(SCRIPT)]
        environment = os.environ | {name: str(path) for name, path in paths.items()}
        before, begun = _children_s(), time.monotonic()
        subprocess.run(command, env=environment, check=True, stdout=subprocess.DEVNULL)
        cpu = (_children_s() - before) / (time.monotonic() - begun)
        metrics: dict[str, Any] = json.loads(paths["RESULT"].read_text())

    def value(name: str, statistic: str) -> float:
        return float(metrics.get(name, {}).get("values", {}).get(statistic, 0.0))

    return Arrivals(
        plan.rate,
        tokens_per_s=value("tokens", "count") / (plan.seconds - warm_up),
        answered=int(value("answered_ms", "count")),
        refused=int(value("refused_ms", "count")),
        late=int(value("late_ms", "count")),
        broken=int(value("broken_ms", "count") + value("dropped_iterations", "count")),
        p50_ms=value("answered_ms", "med"),
        p95_ms=value("answered_ms", "p(95)"),
        p99_ms=value("answered_ms", "p(99)"),
        refused_p95_ms=value("refused_ms", "p(95)"),
        client_cpu=cpu,
    )


def _children_s() -> float:
    """CPU seconds of all child processes that have ended."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def _protoset() -> bytes:
    """The service's file descriptor set with all imports, as from protoc --descriptor_set_out."""
    found: dict[str, descriptor_pb2.FileDescriptorProto] = {}

    def add(file: FileDescriptor) -> None:
        for dependency in file.dependencies:
            add(dependency)
        if file.name not in found:
            found[file.name] = descriptor_pb2.FileDescriptorProto.FromString(file.serialized_pb)

    add(translation_service_pb2.DESCRIPTOR)
    return descriptor_pb2.FileDescriptorSet(file=found.values()).SerializeToString()
