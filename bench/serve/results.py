"""What was measured, kept in one JSON file that may be filled in parts."""

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
    """rows: by system and load. bulk: by model. overload: by model, and settings if not the
    defaults.
    """

    rows: list[Row] = field(default_factory=list)
    bulk: dict[str, Bulk] = field(default_factory=dict)
    overload: dict[str, Overload] = field(default_factory=dict)

    @staticmethod
    def read(path: Path) -> Results:
        """What a file holds; nothing where there is none."""
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
        """Write the file anew."""
        path.write_text(json.dumps(dataclasses.asdict(self), indent=1), "utf-8")

    def add(self, row: Row) -> None:
        """A row in the place of an earlier one of the same system under the same load."""
        same = (row.model, row.kind, row.clients, row.system)
        self.rows = [r for r in self.rows if (r.model, r.kind, r.clients, r.system) != same]
        self.rows.append(row)

    def ordered(self) -> list[Row]:
        """Rows by model, kind of text, system and clients, in the order of the lists of each."""
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
        """The row of a system under a load, if it was measured."""
        for row in self.rows:
            if (row.model, row.kind, row.clients, row.system) == (model, kind, clients, system):
                return row
        return None
