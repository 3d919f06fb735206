"""Base class of the tables of a language file."""

from __future__ import annotations

from typing import ClassVar

from pydantic import ConfigDict


class Table:
    """Base of the tables: unknown keys and infinite numbers are errors."""

    __slots__ = ()
    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid", allow_inf_nan=False)
