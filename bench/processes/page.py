"""Results as Markdown tables, for the terminal and for a page of docs/."""

from __future__ import annotations

import statistics

from bench.processes.results import Cost, Footprint, Kill, Load, Results
from bench.tables import table

COST_BAR = 1.05
"""Most that the latency of one client may be with a parent, by that without one."""

LOADS = (
    "model | texts | clients | processes | tokens/s | engine alone | drift | ratio | p50 ms | p95 "
    "| CPU | calls | failed"
)
FOOTPRINTS = "model | files MB | processes | PSS MB | RSS MB | mapped model files MB"
COSTS = "model | single server, p50 ms | below a parent | ratio of p50, by round | median | bar | "
KILLS = (
    "processes | clients | kills | without retries | with the clients' retry policy | back after s"
)


def tables(results: Results) -> dict[str, str]:
    """Tables by name, without empty ones."""
    made = {
        "loads": table(LOADS, map(_load, results.loads)),
        "footprints": table(FOOTPRINTS, map(_footprint, results.footprints)),
        "costs": table(COSTS, map(_cost, results.costs)),
        "kills": table(KILLS, map(_kill, results.kills)),
    }
    return {name: table for name, table in made.items() if "\n| " in table}


def unmet(results: Results) -> list[str]:
    """Requirements that the results do not meet."""
    missed = [
        f"parent's cost, {each.model}: {statistics.median(each.ratios):.3f}"
        for each in results.costs
        if statistics.median(each.ratios) > COST_BAR
    ]
    for each in results.kills:
        if not each.plain.keys() <= {"OK", "UNAVAILABLE"} or each.retrying.keys() != {"OK"}:
            missed.append(f"calls around kills: {each.plain}, retried: {each.retrying}")
    return missed


def _load(load: Load) -> list[str]:
    return [
        load.model,
        load.kind,
        str(load.clients),
        str(load.processes),
        f"{load.tokens_per_s:.0f}",
        f"{load.limit_tokens_per_s:.0f}",
        f"{load.limit_drift:.2f}",
        f"{load.share:.2f}",
        f"{load.p50_ms:.1f}",
        f"{load.p95_ms:.1f}",
        f"{load.cpu:.2f}",
        str(load.calls),
        str(load.failed),
    ]


def _footprint(each: Footprint) -> list[str]:
    sizes = (each.pss, each.rss, each.mapped)
    return [each.model, f"{each.files:.1f}", str(each.processes), *(f"{x:.0f}" for x in sizes)]


def _cost(cost: Cost) -> list[str]:
    median = statistics.median(cost.ratios)
    return [
        cost.model,
        f"{cost.single_p50_ms:.2f}",
        f"{cost.below_p50_ms:.2f}",
        ", ".join(f"{ratio:.3f}" for ratio in cost.ratios),
        f"{median:.3f}",
        f"at most {COST_BAR}",
        "met" if median <= COST_BAR else "not met",
    ]


def _kill(kill: Kill) -> list[str]:
    plain, retrying = (
        ", ".join(f"{name} {count}" for name, count in sorted(codes.items()))
        for codes in (kill.plain, kill.retrying)
    )
    back = ", ".join(f"{each:.1f}" for each in kill.recovery_s)
    return [str(kill.processes), str(kill.clients), str(kill.kills), plain, retrying, back]
