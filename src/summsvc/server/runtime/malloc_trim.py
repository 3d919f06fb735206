"""Return of freed C heap memory to the operating system, by malloc_trim(3) of glibc.

glibc keeps freed memory. After a burst of calls it is spread over many arenas, and each
further burst adds to it.
"""

from __future__ import annotations

import ctypes
import os
import sys
from pathlib import Path

MIN_FREED_BYTES = 32 * 1024 * 1024
"""Bytes that have to be freed since the last trim before memory is trimmed again. 300 MB take up
to 0.1 s of one thread, during which other threads may wait for memory."""

_STATM = Path("/proc/self/statm")


class _Mallinfo(ctypes.Structure):
    """struct mallinfo2 of glibc, see mallinfo2(3)."""

    _fields_ = (
        ("arena", ctypes.c_size_t),
        ("ordblks", ctypes.c_size_t),
        ("smblks", ctypes.c_size_t),
        ("hblks", ctypes.c_size_t),
        ("hblkhd", ctypes.c_size_t),
        ("usmblks", ctypes.c_size_t),
        ("fsmblks", ctypes.c_size_t),
        ("uordblks", ctypes.c_size_t),
        ("fordblks", ctypes.c_size_t),
        ("keepcost", ctypes.c_size_t),
    )


class MallocTrimmer:
    """Trims the process's heap when glibc holds much freed memory; no-op with other C libraries."""

    def __init__(self) -> None:
        self._glibc: ctypes.CDLL | None = None
        library = ctypes.CDLL(None) if sys.platform == "linux" else None
        if library is not None and hasattr(library, "mallinfo2"):
            library.mallinfo2.restype = _Mallinfo
            self._glibc = library
        self._baseline = self._not_in_use()

    def trim(self) -> bool:
        """Return freed memory to the system if it is enough; return whether it was trimmed.

        Takes up to a tenth of a second without the GIL: call it in a thread.
        """
        if self._glibc is None or self._not_in_use() <= self._baseline + MIN_FREED_BYTES:
            return False
        self._glibc.malloc_trim(0)
        self._baseline = self._not_in_use()
        return True

    def _not_in_use(self) -> int:
        """Resident bytes outside malloc's allocations: free memory, code, Python's objects."""
        if self._glibc is None:
            return 0
        info = self._glibc.mallinfo2()
        resident = int(_STATM.read_bytes().split()[1]) * os.sysconf("SC_PAGE_SIZE")
        return resident - int(info.uordblks) - int(info.hblkhd)
