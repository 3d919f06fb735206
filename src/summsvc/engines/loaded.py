"""Memory of an engine that is freed when the engine is closed."""

from __future__ import annotations

from typing import Generic, TypeVar

from summsvc.errors import DrainingError

T = TypeVar("T")


class Loaded(Generic[T]):
    """A part of a loaded model.

    Objects that refer to a closed engine may stay in memory until a full garbage collection,
    which a busy server does not make for a long time. Thread-safe.
    """

    def __init__(self, part: T) -> None:
        self._part: T | None = part

    def get(self) -> T:
        """Return the part. Raises DrainingError when it was freed."""
        part = self._part
        if part is None:
            raise DrainingError("this model has been unloaded; call again")
        return part

    def free(self) -> None:
        """Drop the part; its memory is freed when no call uses it."""
        self._part = None
