"""The number of server processes that suits a machine and its models.

One process has one event loop and one interpreter lock. Calls of a large model hardly use them:
one process feeds all cores, and more processes would only load the model again. The smaller the
model, the fewer cores one process can feed.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from summsvc.config import Settings
from summsvc.config.cores import cores
from summsvc.config.memory import available_memory
from summsvc.models.store.store import Store

BYTES_PER_CORE = 4_000_000
"""Bytes of a model's files for each core that one process can feed with it. In
docs/benchmarks/serving.md a segment costs the server about 1 ms beside the engine, and 30 ms of
the engine with a model of 80 MB; a student's engine also holds the interpreter lock."""

PROCESS_BYTES = 200_000_000
"""Memory of a process without models."""

MODEL_FACTOR = 1.5
"""Memory of a loaded model and its batches, by the bytes of its files."""

MEMORY_SHARE = 0.5
"""Share of the available memory that all processes may take."""

GPU_DEVICE = Path("/dev/nvidiactl")


def suggested_processes(settings: Settings) -> int:
    """Return how many processes suit this machine and the models that are loaded at start.

    On a GPU one: its memory would hold every model once for each process.
    """
    if settings.device == "cuda" or (settings.device == "auto" and GPU_DEVICE.exists()):
        return 1
    installed = {each.id: each.size_bytes for each in Store(settings.model_dir).installed()}
    wanted = installed if "all" in settings.preload else settings.preload
    sizes = [installed[id] for id in wanted if id in installed]
    return suggest(cores(), sizes, available_memory(), settings.cache_bytes)


def suggest(available: int, sizes: Sequence[int], memory: int | None, cache_bytes: int) -> int:
    """Return a number of processes from 1 to the number of cores.

    available: cores. sizes: bytes of each model; without models, every call is work of Python.
    memory: available bytes, None if unknown. cache_bytes: of the cache of each process.
    """
    fed = max(1, min(sizes, default=0) // BYTES_PER_CORE)
    by_cores = max(1, available // fed)
    if memory is None:
        return by_cores
    needed = PROCESS_BYTES + cache_bytes + MODEL_FACTOR * sum(sizes)
    return max(1, min(by_cores, int(MEMORY_SHARE * memory / needed)))
