"""More calls than the server can answer: what it still does, and how soon it says no."""

from __future__ import annotations

from dataclasses import dataclass

from bench.serve import arrivals, clients, texts
from bench.serve.arrivals import Arrivals
from bench.serve.servers import Served

CLIENTS = 32
"""Whose closed loop tells the peak."""

FACTORS = (0.5, 1.0, 4.0)
"""Arrival rates, in shares of what the closed loop was answered."""

KIND = "mix"


@dataclass(frozen=True)
class Overload:
    """peak_tokens_per_s: of the closed loop. steps: one for each of ``FACTORS``."""

    peak_tokens_per_s: float
    deadline_s: float
    steps: tuple[Arrivals, ...]


def measure(
    server: Served, model: str, *, seconds: float, deadline_s: float, beams: int
) -> Overload:
    """A closed loop for the peak, then arrivals at fixed rates, calls with a deadline."""
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
