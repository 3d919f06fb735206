"""Merged metrics: sums, gauges that are not summed, exemplars, and processes that ended."""

from __future__ import annotations

import json
import re
from pathlib import Path

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, Info
from prometheus_client.core import Metric

from summsvc.server.supervisor.families import GAUGES, cumulative, dump, load, merge

PAGE = Path(__file__).parents[3] / "docs" / "reference" / "metrics.md"


def process(scale: int) -> list[Metric]:
    """Families of a process, received as JSON."""
    registry = CollectorRegistry()
    calls = Counter("calls", "Calls.", ["code"], registry=registry)
    calls.labels("OK").inc(scale, exemplar={"trace_id": str(scale)})
    calls.labels(f"CODE_{scale}").inc(scale)
    seconds = Histogram("seconds", "Seconds.", buckets=(1, 10, 100), registry=registry)
    seconds.observe(scale)
    Gauge("waiting", "Waiting.", registry=registry).set(scale)
    Gauge("process_start_time_seconds", "Start.", registry=registry).set(scale)
    Gauge("process_open_fds", "Descriptors.", registry=registry).set(scale)
    Info("build", "Build.", registry=registry).info({"version": "1"})
    return load(json.loads(json.dumps(dump(registry))))


def values(families: list[Metric]) -> dict[str, float]:
    """Values by name and by the value of the only label."""
    return {
        f"{sample.name} {' '.join(sample.labels.values())}".strip(): sample.value
        for metric in families
        for sample in metric.samples
    }


def test_samples_are_summed_and_some_gauges_are_not() -> None:
    found = values(merge([process(5), process(20)]))
    assert {name: value for name, value in found.items() if "_created" not in name} == {
        "calls_total OK": 25,
        "calls_total CODE_5": 5,
        "calls_total CODE_20": 20,
        "seconds_bucket 1.0": 0,
        "seconds_bucket 10.0": 1,
        "seconds_bucket 100.0": 2,
        "seconds_bucket +Inf": 2,
        "seconds_count": 2,
        "seconds_sum": 25,
        "waiting": 25,
        "process_start_time_seconds": 5,
        "process_open_fds": 20,
        "build_info 1": 1,
    }
    older, newer = process(1), process(2)
    created = "seconds_created"
    assert values(merge([newer, older]))[created] == values(older)[created]


def test_the_latest_exemplar_stays() -> None:
    older, newer = process(1), process(2)
    for families in ([older, newer], [newer, older]):
        (metric,) = (each for each in merge(families) if each.name == "calls")
        exemplar = metric.samples[0].exemplar
        assert exemplar is not None
        assert exemplar.labels == {"trace_id": "2"}


def test_counts_of_ended_processes_stay_and_their_gauges_do_not() -> None:
    found = values(merge([process(5), cumulative(process(20))]))
    assert (found["calls_total OK"], found["seconds_count"], found["waiting"]) == (25, 2, 5)


def test_gauges_that_are_not_summed_are_documented() -> None:
    _, _, section = PAGE.read_text("utf-8").partition("## Several processes\n")
    documented = dict(re.findall(r"^\| `(\w+)` \| (\w+) \|", section, re.M))
    names = {min: "least", max: "greatest"}
    assert documented == {name: names[rule] for name, rule in GAUGES.items()}  # type: ignore[index]
