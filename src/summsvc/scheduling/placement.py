"""Which part of the machine one model gets."""

from __future__ import annotations

import os

from summsvc.config import Settings
from summsvc.engines.base import Placement


def placement(settings: Settings) -> Placement:
    """Where models run by these settings: workers x threads never exceed the cores.

    On a GPU one worker, unless the settings say more: it computes batches one
    after the other anyway.
    """
    cores = (
        len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    )
    threads = min(settings.threads, cores)
    default = 1 if settings.device == "cuda" else cores
    workers = min(settings.workers or default, max(1, cores // threads))
    return Placement(settings.device, settings.compute_type, workers, threads)
