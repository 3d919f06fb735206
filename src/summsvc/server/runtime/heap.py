"""Memory that was freed and that the C library keeps.

A flood of calls leaves it scattered over many arenas, and each further flood adds to it.
"""

from __future__ import annotations

import ctypes
import os
import sys
from pathlib import Path

WORTH_IT = 32 * 1024 * 1024
"""Bytes that may have been freed since the last time before they are given back. 300 MB take up
to 0.1 s of one thread, during which others may wait for memory."""

_STATM = Path("/proc/self/statm")


class _Mallinfo(ctypes.Structure):
    """What mallinfo2(3) of glibc fills in."""

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


class Heap:
    """The process's heap as glibc keeps it; with another C library nothing is ever to do."""

    def __init__(self) -> None:
        self._glibc: ctypes.CDLL | None = None
        library = ctypes.CDLL(None) if sys.platform == "linux" else None
        if library is not None and hasattr(library, "mallinfo2"):
            library.mallinfo2.restype = _Mallinfo
            self._glibc = library
        self._kept = self._not_in_use()

    def give_back(self) -> bool:
        """Give freed memory back to the system if it is much; tells whether it was.

        Takes up to a tenth of a second, without the interpreter's lock: call it in a thread.
        """
        if self._glibc is None or self._not_in_use() <= self._kept + WORTH_IT:
            return False
        self._glibc.malloc_trim(0)
        self._kept = self._not_in_use()
        return True

    def _not_in_use(self) -> int:
        """Resident bytes that malloc has not handed out: what is free, code, Python's objects."""
        if self._glibc is None:
            return 0
        info = self._glibc.mallinfo2()
        resident = int(_STATM.read_bytes().split()[1]) * os.sysconf("SC_PAGE_SIZE")
        return resident - int(info.uordblks) - int(info.hblkhd)
