"""Overload: goodput and latency of rejections at arrival rates above capacity."""

from __future__ import annotations

from dataclasses import dataclass

from bench.serve import arrivals, clients, texts
from bench.serve.arrivals import Arrivals
from bench.serve.servers import Served

CLIENTS = 32
"""Clients of the closed loop that measures the peak throughput."""

FACTORS = (0.5, 1.0, 4.0)
"""Arrival rates, relative to the calls per second of the closed loop."""

KIND = "mix"


@dataclass(frozen=True)
class Overload:
    """peak_tokens_per_s: of the closed loop. deadline_s: of each call. steps: by ``FACTORS``."""

    peak_tokens_per_s: float
    deadline_s: float
    steps: tuple[Arrivals, ...]


def measure(
    server: Served, model: str, *, seconds: float, deadline_s: float, beams: int
) -> Overload:
    """Measure the peak in a closed loop, then calls with a deadline at fixed arrival rates."""
    bodies = texts.bodies(model, KIND, 400)
    plan = clients.Plan(server.addresses, bodies, CLIENTS, beams, seconds=seconds)
    calls = clients.run(plan).calls
    took = max(call.ended for call in calls) - min(call.begun for call in calls)
    rate = len(calls) / took
    return Overload(
        sum(call.output_tokens for call in calls) / took,
        deadline_s,
        tuple(
            arrivals.run(
                arrivals.Plan(
                    server.addresses[0], bodies, factor * rate, seconds, deadline_s, beams
                )
            )
            for factor in FACTORS
        ),
    )
