"""Which part of the machine one model gets, and how wide its batches may be there."""

from __future__ import annotations

from summsvc.config import CPU_SEQUENCES, Settings
from summsvc.config.cores import cores
from summsvc.engines.base import Placement


def placement(settings: Settings) -> Placement:
    """Where models run by these settings: workers x threads never exceed the cores.

    On a GPU one worker, unless the settings say more: it computes batches one
    after the other anyway.
    """
    available = cores()
    threads = min(settings.threads, available)
    default = 1 if settings.device == "cuda" else available
    workers = min(settings.workers or default, max(1, available // threads))
    return Placement(settings.device, settings.compute_type, workers, threads)


def sequences(settings: Settings, device: str) -> int:
    """Most segments x beams in one batch; on a GPU ``batch_tokens`` alone is the bound."""
    usual = CPU_SEQUENCES if device == "cpu" else settings.batch_tokens
    return settings.batch_sequences or usual
