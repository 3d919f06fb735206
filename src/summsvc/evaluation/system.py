"""What one model or method made of a user's texts."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from statistics import median


@dataclass(frozen=True, slots=True)
class Output:
    """One text's.

    language: BCP-47 code of it. warnings: the kinds that came with it. models:
    those that wrote it, as "id, engine, revision". tokens: how many it has.
    total_ms: from acceptance to answer, by the server's clock; None when no
    server made it.
    """

    text: str
    language: str = ""
    warnings: tuple[str, ...] = ()
    models: tuple[str, ...] = ()
    tokens: int = 0
    total_ms: float | None = None


@dataclass(slots=True)
class System:
    """Outputs and failures by line. wall_s: seconds for all of them together."""

    name: str
    outputs: dict[int, Output] = field(default_factory=dict)
    failures: dict[int, str] = field(default_factory=dict)
    wall_s: float = 0

    @property
    def warnings(self) -> dict[str, int]:
        """How often each kind came, the most frequent first."""
        kinds = Counter(kind for output in self.outputs.values() for kind in output.warnings)
        return dict(kinds.most_common())

    @property
    def models(self) -> list[str]:
        """All that wrote something, in the order of their first text."""
        return list(dict.fromkeys(model for each in self.outputs.values() for model in each.models))

    @property
    def tokens_per_s(self) -> float | None:
        """Output tokens a second; None when no model wrote anything."""
        tokens = sum(output.tokens for output in self.outputs.values())
        return tokens / self.wall_s if tokens and self.wall_s else None

    @property
    def ms_per_text(self) -> float | None:
        """Median of total_ms; None for what no server made."""
        times = [each.total_ms for each in self.outputs.values() if each.total_ms is not None]
        return median(times) if times else None
