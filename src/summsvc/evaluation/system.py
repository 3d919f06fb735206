"""Outputs, failures and speed of one evaluated system (a model or a method)."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from statistics import median


@dataclass(frozen=True, slots=True)
class Output:
    """Output of a system for one text.

    language: BCP-47 code of the output. warnings: warning types of the reply. models:
    models that took part, as "id, engine, revision". tokens: output tokens.
    total_ms: milliseconds from acceptance to reply on the server; None if no server
    was involved.
    """

    text: str
    language: str = ""
    warnings: tuple[str, ...] = ()
    models: tuple[str, ...] = ()
    tokens: int = 0
    total_ms: float | None = None


@dataclass(slots=True)
class System:
    """Results of one system on all texts.

    outputs, failures: by line of the file. wall_s: elapsed seconds for all texts.
    """

    name: str
    outputs: dict[int, Output] = field(default_factory=dict)
    failures: dict[int, str] = field(default_factory=dict)
    wall_s: float = 0

    @property
    def warnings(self) -> dict[str, int]:
        """Number of warnings by type, the most frequent first."""
        kinds = Counter(kind for output in self.outputs.values() for kind in output.warnings)
        return dict(kinds.most_common())

    @property
    def models(self) -> list[str]:
        """Models that took part, in the order of their first text."""
        return list(
            dict.fromkeys(model for output in self.outputs.values() for model in output.models)
        )

    @property
    def tokens_per_s(self) -> float | None:
        """Output tokens per second; None if no model took part."""
        tokens = sum(output.tokens for output in self.outputs.values())
        return tokens / self.wall_s if tokens and self.wall_s else None

    @property
    def ms_per_text(self) -> float | None:
        """Median of total_ms; None if no server was involved."""
        times = [output.total_ms for output in self.outputs.values() if output.total_ms is not None]
        return median(times) if times else None
