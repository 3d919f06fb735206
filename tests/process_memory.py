"""Memory of a process, from Linux's /proc (``man 5 proc``)."""

from __future__ import annotations

import re
from pathlib import Path


def resident_mb(pid: int, *, peak: bool = False) -> float:
    """Resident memory in MB now, or the most since the process began or the peak was reset."""
    status = Path(f"/proc/{pid}/status").read_text("utf-8")
    found = re.search(rf"{'VmHWM' if peak else 'VmRSS'}:\s+(\d+) kB", status)
    if found is None:
        raise ValueError(f"the process {pid} has ended")
    return int(found[1]) * 1024 / 1e6
