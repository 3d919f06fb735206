"""How single fields of messages become values."""

from __future__ import annotations

from dataclasses import fields
from enum import Enum
from typing import Any, TypeVar, cast

E = TypeVar("E", bound=Enum)
T = TypeVar("T")


def same(kind: type[T], message: Any) -> T:
    """A value of a type whose fields are those of the message."""
    return kind(**{each.name: getattr(message, each.name) for each in fields(cast("Any", kind))})


def member(kind: type[E], numbers: Any, prefix: str, number: int) -> E | None:
    """The member that stands for a number; None for "unspecified" and for news."""
    if number not in numbers.values():
        return None
    return kind.__members__.get(numbers.Name(number).removeprefix(prefix))


def word(numbers: Any, prefix: str, number: int) -> str | None:
    """The lower-case word for a number; None for "unspecified" (0) and for news."""
    if number == 0 or number not in numbers.values():
        return None
    return str(numbers.Name(number)).removeprefix(prefix).lower()
