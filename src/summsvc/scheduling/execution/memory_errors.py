"""Recognition of the out-of-memory errors of the engines' libraries."""

from __future__ import annotations

from summsvc.scheduling.execution.failure_log import root_cause

TORCH_ERROR = "OutOfMemoryError"
"""Name of torch's exception, on any device; torch may not be installed."""

MESSAGES = (
    "out of memory",  # CTranslate2 and torch with CUDA
    "bad_alloc",  # C++ libraries that pass the name of their exception on
    "alloc_failed",  # CUBLAS_STATUS_ALLOC_FAILED and its relatives
    "failed to allocate memory",  # onnxruntime
    "can't allocate memory",  # torch on a CPU
    "not enough memory",  # torch on a CPU, in other versions
)
"""Parts of the messages of exceptions that have no type of their own, in lower case."""


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an engine failed because memory could not be allocated."""
    root = root_cause(error)
    if isinstance(root, MemoryError) or type(root).__name__ == TORCH_ERROR:
        return True
    message = str(root).lower()
    return any(part in message for part in MESSAGES)
