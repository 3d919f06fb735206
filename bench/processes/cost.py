"""What a parent costs: the latency of one client of a single server, with and without a parent."""

from __future__ import annotations

import statistics

from bench.processes.load import serving
from bench.processes.results import Cost
from bench.serve import clients, texts


def measure(model: str, rounds: int, seconds: float) -> Cost:
    """Measure both servers in turns, because the machine's speed changes; both run all the time.

    In each round the order is the reverse of the one before.
    """
    bodies = texts.bodies(model, "short", 200)
    with serving(model, 1) as single, serving(model, 1, "bench.processes.alone") as below:
        waits: dict[str, list[float]] = {single.address: [], below.address: []}
        ratios, order = [], [single.address, below.address]
        for address in order:
            clients.run(clients.Plan([address], bodies, 1, seconds=1.0))
        for _ in range(rounds):
            medians = {}
            for address in order:
                done = clients.run(clients.Plan([address], bodies, 1, seconds=seconds))
                found = [1000 * (call.ended - call.begun) for call in done.calls]
                medians[address] = statistics.median(found)
                waits[address] += found
            ratios.append(medians[below.address] / medians[single.address])
            order.reverse()
    one, other = (statistics.median(waits[each.address]) for each in (single, below))
    return Cost(model, one, other, ratios, sum(map(len, waits.values())))
