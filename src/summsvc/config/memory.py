"""Memory available to the process: free memory of the machine and cgroup limit."""

from __future__ import annotations

import re
from pathlib import Path

MEMINFO = Path("/proc/meminfo")
CGROUP_V2 = Path("/sys/fs/cgroup/memory.max")
CGROUP_V1 = Path("/sys/fs/cgroup/memory/memory.limit_in_bytes")


def available_memory() -> int | None:
    """Return the bytes that this process and its children can use; None where it is unknown.

    The least of what the kernel estimates as available (MemAvailable in ``/proc/meminfo``) and
    the limit of the container's cgroup, whatever other processes of the container use.
    """
    limits = [_available(), _limit(CGROUP_V2), _limit(CGROUP_V1)]
    return min((limit for limit in limits if limit is not None), default=None)


def _available() -> int | None:
    try:
        found = re.search(r"^MemAvailable:\s+(\d+) kB$", MEMINFO.read_text(), re.M)
    except OSError:
        return None
    return int(found[1]) * 1024 if found else None


def _limit(path: Path) -> int | None:
    try:
        text = path.read_text().strip()
    except OSError:
        return None
    return int(text) if text.isdigit() else None
