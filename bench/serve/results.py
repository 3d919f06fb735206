"""Results of the serving benchmark, in a JSON file that several runs can update."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bench.serve.arrivals import Arrivals
from bench.serve.bulk import Bulk
from bench.serve.models import MODELS
from bench.serve.overload import Overload
from bench.serve.rows import Row
from bench.serve.servers import WAYS
from bench.serve.texts import KINDS


@dataclass
class Results:
    """rows: one per system and load. bulk: by model. overload: by model and settings that are not
    the defaults.
    """

    rows: list[Row] = field(default_factory=list)
    bulk: dict[str, Bulk] = field(default_factory=dict)
    overload: dict[str, Overload] = field(default_factory=dict)

    @staticmethod
    def read(path: Path) -> Results:
        """The results in a file; empty if there is no file."""
        if not path.is_file():
            return Results()
        facts: dict[str, Any] = json.loads(path.read_text("utf-8"))
        return Results(
            [Row(**row) for row in facts["rows"]],
            {model: Bulk(**bulk) for model, bulk in facts["bulk"].items()},
            {
                model: Overload(**(each | {"steps": tuple(Arrivals(**s) for s in each["steps"])}))
                for model, each in facts["overload"].items()
            },
        )

    def write(self, path: Path) -> None:
        """Write all results to a file."""
        path.write_text(json.dumps(dataclasses.asdict(self), indent=1), "utf-8")

    def add(self, row: Row) -> None:
        """Add a row; it replaces an earlier row of the same system and load."""
        same = (row.model, row.kind, row.clients, row.system)
        self.rows = [r for r in self.rows if (r.model, r.kind, r.clients, r.system) != same]
        self.rows.append(row)

    def ordered(self) -> list[Row]:
        """Rows sorted by model, kind of text, system and clients."""
        return sorted(
            self.rows,
            key=lambda row: (
                MODELS.index(row.model),
                KINDS.index(row.kind),
                WAYS.index(row.system.partition(",")[0]),
                row.system,
                row.clients,
            ),
        )

    def row(self, model: str, kind: str, clients: int, system: str) -> Row | None:
        """The row of a system under a load, or None if it was not measured."""
        for row in self.rows:
            if (row.model, row.kind, row.clients, row.system) == (model, kind, clients, system):
                return row
        return None
