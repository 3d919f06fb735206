"""CPU time and memory of a server and its processes, from Linux's /proc."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

from bench.serve.servers import stat_fields


@dataclass(frozen=True)
class Memory:
    """Memory in MB. pss: each shared page in equal parts by its processes (proportional set size).

    rss: shared pages as often as there are processes. mapped: resident pages of files of the
    model store, which all processes share.
    """

    pss: float
    rss: float
    mapped: float


def pids(parent: int) -> list[int]:
    """A process and all processes below it."""
    found = [parent]
    for task in Path(f"/proc/{parent}/task").iterdir():
        for child in (task / "children").read_text().split():
            found += pids(int(child))
    return found


def cpu_s(parent: int) -> float:
    """CPU seconds of all threads of all processes so far."""
    ticks = 0
    for pid in pids(parent):
        fields = stat_fields(Path(f"/proc/{pid}/stat"))
        ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def memory(parent: int, store: Path) -> Memory:
    """Memory of all processes now."""
    rollups = [Path(f"/proc/{pid}/smaps_rollup").read_text() for pid in pids(parent)]
    pss, rss = (sum(_kb(name, each) for each in rollups) for name in ("Pss", "Rss"))
    mapped = max(_mapped_kb(pid, store) for pid in pids(parent))
    return Memory(*(kb * 1024 / 1e6 for kb in (pss, rss, mapped)))


def _kb(name: str, text: str) -> int:
    return sum(map(int, re.findall(rf"^{name}:\s+(\d+) kB$", text, re.M)))


def _mapped_kb(pid: int, store: Path) -> int:
    """Resident pages of one process that are pages of a file below a folder."""
    text = Path(f"/proc/{pid}/smaps").read_text()
    mappings = re.split(r"^(?=[0-9a-f]+-[0-9a-f]+ )", text, flags=re.M)
    root = str(store.resolve())
    return sum(_kb("Rss", each) for each in mappings if root in each.partition("\n")[0])
