"""Prometheus metrics of the results of requests: warnings and terms."""

from __future__ import annotations

from collections.abc import Iterable

from prometheus_client import CollectorRegistry, Counter

from summsvc.types import Warning, WarningType


class ResultMetrics:
    """Metrics of the results of all requests. registry: None to expose none."""

    def __init__(self, registry: CollectorRegistry | None = None) -> None:
        warnings = Counter(
            "summsvc_warnings", "Warnings in results, by type.", ["type"], registry=registry
        )
        terms = Counter(
            "summsvc_terms",
            "Occurrences of protected and glossary terms, by whether the result has them.",
            ["outcome"],
            registry=registry,
        )
        # All from the start: the first increase of a counter that appears with it is lost.
        self._warnings = {kind: warnings.labels(kind.name) for kind in WarningType}
        self._applied, self._missed = (terms.labels(outcome) for outcome in ("applied", "missed"))

    def count_warnings(self, warnings: Iterable[Warning]) -> None:
        """Count the warnings of a result."""
        for warning in warnings:
            self._warnings[warning.type].inc()

    def count_terms(self, applied: Iterable[bool]) -> None:
        """Count occurrences of terms. applied: whether the result has them."""
        for has in applied:
            (self._applied if has else self._missed).inc()
