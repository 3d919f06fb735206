"""Metric families of several processes: their transport as JSON, and their merge into one page."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import Any

from prometheus_client import CollectorRegistry
from prometheus_client.core import Metric
from prometheus_client.samples import Exemplar, Sample

CUMULATIVE = ("counter", "histogram", "summary")
"""Types whose values only grow, and so must not shrink when a process ends."""

GAUGES: Mapping[str, Callable[[float, float], float]] = MappingProxyType(
    {
        "process_start_time_seconds": min,
        "process_open_fds": max,
        "process_max_fds": min,
        "python_info": max,
    }
)
"""Gauges that are not summed, and what takes the place of the sum. The same table is in
docs/reference/metrics.md."""

Labels = tuple[tuple[str, str], ...]


def dump(registry: CollectorRegistry) -> list[Any]:
    """Collect the families of a registry as values of JSON."""
    return [
        [
            metric.name,
            metric.documentation,
            metric.type,
            metric.unit,
            [[each.name, each.labels, each.value, _dump(each.exemplar)] for each in metric.samples],
        ]
        for metric in registry.collect()
    ]


def load(families: list[Any]) -> list[Metric]:
    """Restore the families of ``dump``."""
    loaded = []
    for name, documentation, kind, unit, samples in families:
        metric = Metric(name, documentation, kind, unit)
        metric.samples = [
            Sample(name, labels, value, None, exemplar and Exemplar(*exemplar))
            for name, labels, value, exemplar in samples
        ]
        loaded.append(metric)
    return loaded


def cumulative(families: Iterable[Metric]) -> list[Metric]:
    """Return the families of ``CUMULATIVE`` types."""
    return [metric for metric in families if metric.type in CUMULATIVE]


def merge(processes: Iterable[Iterable[Metric]]) -> list[Metric]:
    """Merge the families of several processes.

    Samples of the same name and labels are summed, except times of creation, which become the
    earliest one, ``GAUGES`` and facts about the process (``_info``). Of exemplars, the latest
    one stays.
    """
    merged: dict[str, Metric] = {}
    samples: dict[str, dict[tuple[str, Labels], Sample]] = {}
    for families in processes:
        for metric in families:
            if metric.name not in merged:
                merged[metric.name] = Metric(
                    metric.name, metric.documentation, metric.type, metric.unit
                )
                samples[metric.name] = {}
            found = samples[metric.name]
            for sample in metric.samples:
                key = sample.name, tuple(sorted(sample.labels.items()))
                found[key] = _joined(found[key], sample) if key in found else sample
    for name, metric in merged.items():
        metric.samples = list(samples[name].values())
    return list(merged.values())


def _joined(one: Sample, other: Sample) -> Sample:
    exemplars = [each.exemplar for each in (one, other) if each.exemplar is not None]
    latest = max(exemplars, key=lambda each: float(each.timestamp or 0), default=None)
    value = _rule(one.name)(one.value, other.value)
    return one._replace(value=value, exemplar=latest)


def _rule(name: str) -> Callable[[float, float], float]:
    if name.endswith("_created"):
        return min
    if name.endswith("_info"):
        return max
    return GAUGES.get(name, operator.add)


def _dump(exemplar: Exemplar | None) -> list[Any] | None:
    if exemplar is None:
        return None
    timestamp = None if exemplar.timestamp is None else float(exemplar.timestamp)
    return [exemplar.labels, exemplar.value, timestamp]
