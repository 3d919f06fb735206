"""Results of the benchmark of processes, kept in a file."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Load:
    """A model under a closed loop, served by a number of processes.

    limit_tokens_per_s: of the engine alone, the mean of before and after. limit_drift: the ratio
    of after to before. cpu: mean cores used by all processes. failed: calls other than OK.
    """

    model: str
    kind: str
    clients: int
    processes: int
    tokens_per_s: float
    limit_tokens_per_s: float
    limit_drift: float
    p50_ms: float
    p95_ms: float
    cpu: float
    calls: int
    failed: int

    @property
    def share(self) -> float:
        """Throughput relative to the engine alone."""
        return self.tokens_per_s / self.limit_tokens_per_s


@dataclass(frozen=True)
class Footprint:
    """Memory of all processes in MB after a load; see ``tree.Memory``. files: of the model."""

    model: str
    processes: int
    pss: float
    rss: float
    mapped: float
    files: float


@dataclass(frozen=True)
class Cost:
    """Milliseconds of a call of one client: of a single server, and of one below a parent.

    ratios: of the medians, by round.
    """

    model: str
    single_p50_ms: float
    below_p50_ms: float
    ratios: list[float]
    calls: int


@dataclass(frozen=True)
class Kill:
    """Ends of the calls around the kills of server processes.

    plain, retrying: number of calls by code, without and with the retry policy of the clients.
    recovery_s: seconds from each kill until a new process accepts calls with its model loaded.
    """

    processes: int
    clients: int
    kills: int
    plain: dict[str, int]
    retrying: dict[str, int]
    recovery_s: list[float]


@dataclass
class Results:
    """All results."""

    loads: list[Load] = field(default_factory=list)
    footprints: list[Footprint] = field(default_factory=list)
    costs: list[Cost] = field(default_factory=list)
    kills: list[Kill] = field(default_factory=list)

    @staticmethod
    def read(path: Path) -> Results:
        """The results in a file; empty if there is no file."""
        if not path.is_file():
            return Results()
        facts: dict[str, list[dict[str, Any]]] = json.loads(path.read_text("utf-8"))
        return Results(
            [Load(**each) for each in facts["loads"]],
            [Footprint(**each) for each in facts["footprints"]],
            [Cost(**each) for each in facts["costs"]],
            [Kill(**each) for each in facts["kills"]],
        )

    def write(self, path: Path) -> None:
        """Write all results to a file."""
        path.write_text(json.dumps(dataclasses.asdict(self), indent=1) + "\n", "utf-8")

    def replace(self, other: Results) -> None:
        """Take over the results of another run, in place of those of the same measurement."""
        models = {each.model for each in other.loads}
        self.loads = [each for each in self.loads if each.model not in models] + other.loads
        self.footprints = [
            each for each in self.footprints if each.model not in models
        ] + other.footprints
        costs = {each.model for each in other.costs}
        self.costs = [each for each in self.costs if each.model not in costs] + other.costs
        self.kills = other.kills or self.kills
