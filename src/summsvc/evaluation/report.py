"""Comparison report of systems on the same texts: metrics, intervals, differences."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass

from summsvc.evaluation.bootstrap import (
    BOOTSTRAP_SEED,
    RESAMPLES,
    Difference,
    Interval,
    difference,
    interval,
)
from summsvc.evaluation.cases import Case, LineError
from summsvc.evaluation.metrics import Metric
from summsvc.evaluation.system import System

Measure = Callable[[Sequence[str], Sequence[str], Sequence[str]], list[Metric]]
"""Computes metrics from outputs, references and the languages of the outputs."""

MIN_TEXTS = 100
"""Number of texts below which percentile intervals are clearly too narrow."""


@dataclass(frozen=True, slots=True)
class Row:
    """Scores of a system by metric; empty if no text could be compared."""

    system: System
    scores: dict[str, Interval]


@dataclass(frozen=True, slots=True)
class Comparison:
    """Difference of system ``name`` to the first system, by metric."""

    name: str
    differences: dict[str, Difference]


@dataclass(frozen=True, slots=True)
class Report:
    """Results of all systems on the same texts, one row per system in the order given.

    texts: number of texts for which every system has an output; systems without any
    output are ignored. signatures: by metric. bad_lines: invalid lines of the file.
    """

    texts: int
    signatures: dict[str, str]
    rows: list[Row]
    comparisons: list[Comparison]
    bad_lines: list[LineError]

    @property
    def is_complete(self) -> bool:
        """Whether every line of the file is included in every metric."""
        return not self.bad_lines and not any(row.system.failures for row in self.rows)

    def as_json(self) -> dict[str, object]:
        """Return the report as a JSON object."""
        return {
            "texts": self.texts,
            "signatures": self.signatures,
            "intervals": {
                "method": "bootstrap",
                "level": 0.95,
                "samples": RESAMPLES,
                "seed": BOOTSTRAP_SEED,
            },
            "systems": [
                {
                    "name": row.system.name,
                    "models": row.system.models,
                    "scores": {name: asdict(score) for name, score in row.scores.items()},
                    "tokens_per_s": row.system.tokens_per_s,
                    "ms_per_text": row.system.ms_per_text,
                    "warnings": row.system.warnings,
                    "failures": [
                        {"line": line, "error": error}
                        for line, error in row.system.failures.items()
                    ],
                }
                for row in self.rows
            ],
            "against_first": [
                {"name": comparison.name, "differences": _asdicts(comparison.differences)}
                for comparison in self.comparisons
            ],
            "bad_lines": [{"line": error.line, "error": str(error)} for error in self.bad_lines],
        }

    def lines(self) -> Iterator[str]:
        """Yield the lines of the report as text."""
        metrics = list(self.signatures)
        header = ["", *metrics, "tokens/s", "ms/text", "warnings", "failed"]
        yield from _table([header, *(_cells(row, metrics) for row in self.rows)])
        if self.comparisons:
            yield ""
            yield f"Difference to {self.rows[0].system.name} on the same texts, and p-value:"
            yield from _table(
                [[one.name, *(_difference(one.differences[name]) for name in metrics)]
                 for one in self.comparisons]
            )  # fmt: skip
        for row in self.rows:
            if row.system.warnings:
                kinds = ", ".join(f"{kind} {n}" for kind, n in row.system.warnings.items())
                yield ""
                yield f"Warnings of {row.system.name}: {kinds}"
        yield ""
        if not self.texts:
            yield "No text has an output; no metric can be computed."
            return
        for name, signature in self.signatures.items():
            yield f"{name}: {signature}"
        yield (
            f"[ ]: 95% of {RESAMPLES} bootstrap draws of the {self.texts} texts, "
            f"seed {BOOTSTRAP_SEED}"
        )
        if self.texts < MIN_TEXTS:
            yield f"Fewer than {MIN_TEXTS} texts: intervals are too narrow, use more texts."


def build_report(
    systems: Sequence[System], cases: Sequence[Case], bad_lines: list[LineError], measure: Measure
) -> Report:
    """Evaluate the systems on the texts for which all of them have an output."""
    usable = [system for system in systems if system.outputs]
    common = [case for case in cases if all(case.line in system.outputs for system in usable)]
    references = [case.reference for case in common]
    measured = {
        system.name: measure(
            [system.outputs[case.line].text for case in common],
            references,
            [system.outputs[case.line].language for case in common],
        )
        for system in usable
        if common
    }
    rows = [
        Row(system, {m.name: interval(m.sample) for m in measured.get(system.name, [])})
        for system in systems
    ]
    first = measured.get(systems[0].name, [])
    comparisons = [
        Comparison(
            system.name,
            {
                one.name: difference(one.sample, other.sample)
                for one, other in zip(measured[system.name], first, strict=True)
            },
        )
        for system in systems[1:]
        if first and system.name in measured
    ]
    signatures = {m.name: m.signature for metrics in measured.values() for m in metrics}
    return Report(len(common) if usable else 0, signatures, rows, comparisons, bad_lines)


def _asdicts(differences: dict[str, Difference]) -> dict[str, dict[str, float]]:
    return {name: asdict(value) for name, value in differences.items()}


def _cells(row: Row, metrics: Sequence[str]) -> list[str]:
    system = row.system
    return [
        system.name,
        *(_interval(row.scores.get(name)) for name in metrics),
        _number(system.tokens_per_s),
        _number(system.ms_per_text),
        str(sum(system.warnings.values())),
        str(len(system.failures)),
    ]


def _interval(score: Interval | None) -> str:
    return f"{score.value:.1f} [{score.low:.1f}, {score.high:.1f}]" if score else "-"


def _difference(value: Difference) -> str:
    return f"{value.value:+.1f} [{value.low:+.1f}, {value.high:+.1f}] {value.p:.3f}"


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:,.0f}"


def _table(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """Align the first column to the left and all other columns to the right."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for first, *others in rows:
        cells = [f"{cell:>{width}}" for cell, width in zip(others, widths[1:], strict=True)]
        yield "  ".join([f"{first:<{widths[0]}}", *cells]).rstrip()
