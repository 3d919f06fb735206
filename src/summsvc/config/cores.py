"""Number of CPU cores available to the process: affinity and cgroup quota."""

from __future__ import annotations

import math
import os
from pathlib import Path

CGROUP_V2 = Path("/sys/fs/cgroup/cpu.max")
CGROUP_V1 = Path("/sys/fs/cgroup/cpu")


def cores() -> int:
    """Return the number of cores by CPU affinity and container CPU quota, at least 1.

    A quota of half a core or more is rounded up to a whole core: threads that
    share a core lose little, an unused core is lost completely. The quota is
    read from the files of Linux cgroup v2 (``cpu.max``) or v1
    (``cpu.cfs_quota_us``), which do not exist on other systems.
    """
    allowed = (
        len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    )
    quota = _quota()
    return allowed if quota is None else max(1, min(allowed, math.floor(quota + 0.5)))


def share(available: int, processes: int) -> int:
    """Return the cores of one of so many processes, at least 1.

    Rounded up, for the reason given in ``cores``.
    """
    return max(1, math.ceil(available / processes))


def _quota() -> float | None:
    """CPU quota of the container in cores; None without a quota."""
    try:
        allowance, period = CGROUP_V2.read_text().split()
    except (OSError, ValueError):
        try:
            allowance = (CGROUP_V1 / "cpu.cfs_quota_us").read_text().strip()
            period = (CGROUP_V1 / "cpu.cfs_period_us").read_text().strip()
        except OSError:
            return None
    if not allowance.isdigit() or not period.isdigit() or int(period) == 0:
        return None
    return int(allowance) / int(period)
