"""Systems beside each other on the same texts: figures, intervals, differences."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from summsvc.evaluation.bootstrap import SAMPLES, SEED, Difference, Interval, difference, interval
from summsvc.evaluation.cases import Case, LineError
from summsvc.evaluation.metrics import Metric
from summsvc.evaluation.system import System

Measure = Callable[[Sequence[str], Sequence[str], Sequence[str]], list[Metric]]
"""Metrics of outputs, references and languages of the outputs."""

FEW_TEXTS = 100
"""Below, percentile intervals are markedly too narrow."""


@dataclass(frozen=True, slots=True)
class Row:
    """A system's figures by metric; none when nothing could be compared."""

    system: System
    scores: dict[str, Interval]


@dataclass(frozen=True, slots=True)
class Comparison:
    """How far ``name`` is above the first system, by metric."""

    name: str
    differences: dict[str, Difference]


@dataclass(frozen=True, slots=True)
class Report:
    """One row per system, in the order given; all on the same texts.

    texts: those that every system has an output for; a system without a single
    one is left aside. signatures: by metric. bad_lines: lines of the file that
    are no text.
    """

    texts: int
    signatures: dict[str, str]
    rows: list[Row]
    comparisons: list[Comparison]
    bad_lines: list[LineError]

    @property
    def is_whole(self) -> bool:
        """Whether every line of the file is in every figure."""
        return not self.bad_lines and not any(row.system.failures for row in self.rows)

    def as_json(self) -> dict[str, Any]:
        """For programs."""
        return {
            "texts": self.texts,
            "signatures": self.signatures,
            "intervals": {"method": "bootstrap", "level": 0.95, "samples": SAMPLES, "seed": SEED},
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
                {"name": each.name, "differences": _asdicts(each.differences)}
                for each in self.comparisons
            ],
            "bad_lines": [{"line": each.line, "error": str(each)} for each in self.bad_lines],
        }

    def lines(self) -> Iterator[str]:
        """For people."""
        metrics = list(self.signatures)
        head = ["", *metrics, "tokens/s", "ms/text", "warnings", "failed"]
        yield from _table([head, *(_cells(row, metrics) for row in self.rows)])
        if self.comparisons:
            yield ""
            yield f"Above {self.rows[0].system.name} on the same texts by, and p:"
            yield from _table(
                [[each.name, *(_difference(each.differences[name]) for name in metrics)]
                 for each in self.comparisons]
            )  # fmt: skip
        for row in self.rows:
            if row.system.warnings:
                kinds = ", ".join(f"{kind} {n}" for kind, n in row.system.warnings.items())
                yield ""
                yield f"Warnings of {row.system.name}: {kinds}"
        yield ""
        if not self.texts:
            yield "No text has an output, so there is nothing to measure."
            return
        for name, signature in self.signatures.items():
            yield f"{name}: {signature}"
        yield f"[ ]: 95% of {SAMPLES} bootstrap draws of the {self.texts} texts, seed {SEED}"
        if self.texts < FEW_TEXTS:
            yield f"Fewer than {FEW_TEXTS} texts: intervals are too narrow, take more of them."


def report(
    systems: Sequence[System], cases: Sequence[Case], bad_lines: list[LineError], measure: Measure
) -> Report:
    """Measure every system on the texts that all have an output for."""
    able = [system for system in systems if system.outputs]
    common = [case for case in cases if all(case.line in each.outputs for each in able)]
    references = [case.reference for case in common]
    measured = {
        system.name: measure(
            [system.outputs[case.line].text for case in common],
            references,
            [system.outputs[case.line].language for case in common],
        )
        for system in able
        if common
    }
    rows = [
        Row(each, {m.name: interval(m.sample) for m in measured.get(each.name, [])})
        for each in systems
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
    return Report(len(common) if able else 0, signatures, rows, comparisons, bad_lines)


def _asdicts(differences: dict[str, Difference]) -> dict[str, Any]:
    return {name: asdict(each) for name, each in differences.items()}


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


def _difference(found: Difference) -> str:
    return f"{found.value:+.1f} [{found.low:+.1f}, {found.high:+.1f}] {found.p:.3f}"


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:,.0f}"


def _table(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """The first column to the left, all others to the right."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for first, *others in rows:
        cells = [f"{cell:>{width}}" for cell, width in zip(others, widths[1:], strict=True)]
        yield "  ".join([f"{first:<{widths[0]}}", *cells]).rstrip()
