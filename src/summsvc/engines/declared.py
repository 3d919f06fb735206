"""Values that the JSON files of a model declare, with their types and ranges checked.

A model is data from someone else: a value may be missing, of another type or absurdly large. Each
is read through ``Declared``, whose errors name the file and the key.
"""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

from summsvc.errors import ModelBrokenError

MAX_COUNT = 1 << 24
"""Largest size, number of layers or token id that is accepted by default. The largest vocabularies
have a million tokens."""

MAX_SHOWN = 80
"""Most characters of a declared value in a message."""

T = TypeVar("T")


class Declared:
    """The values of a JSON object; null counts as missing.

    The methods raise ModelBrokenError for a value of another type or out of range, and those
    that do not return None for a missing value too. values: of the object. file: its name.
    """

    def __init__(self, values: Mapping[str, Any], file: str) -> None:
        self._values = values
        self._file = file
        self._fallback: Declared | None = None

    @staticmethod
    def load(path: Path, *, optional: bool = False) -> Declared:
        """Read a file. optional: whether an absent file declares nothing.

        Raises ModelBrokenError when it cannot be read or is no JSON object.
        """
        if optional and not path.is_file():
            return Declared({}, path.name)
        try:
            values = json.loads(path.read_text("utf-8"))
        # Deep nesting ends in RecursionError.
        except (OSError, ValueError, RecursionError) as error:
            raise ModelBrokenError(f"{path.name} is no JSON file", detail=str(error)) from error
        if not isinstance(values, dict):
            raise ModelBrokenError(f"{path.name} is no JSON object")
        return Declared(values, path.name)

    def over(self, other: Declared) -> Declared:
        """Return these values, and for keys that are missing here those of another file."""
        joined = Declared(self._values, self._file)
        joined._fallback = other
        return joined

    @property
    def values(self) -> Mapping[str, Any]:
        """All values as they are in the file."""
        return self._values

    def find_integer(self, key: str, least: int = 0, most: int = MAX_COUNT) -> int | None:
        """Return an integer, also one that is written as 1.0 or 1e6; None if it is missing."""
        value, file = self._find(key)
        if value is None:
            return None
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        if type(value) is not int or not least <= value <= most:
            raise _wrong(file, key, value, f"an integer from {least} to {most}")
        return value

    def integer(self, key: str, least: int = 0, most: int = MAX_COUNT) -> int:
        """Return an integer."""
        return self._required(key, self.find_integer(key, least, most))

    def number(self, key: str) -> float:
        """Return a finite number."""
        value, file = self._find(key)
        value = self._required(key, value)
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise _wrong(file, key, value, "a number")
        # Integers have no limit in JSON.
        if abs(value) > sys.float_info.max or not math.isfinite(value):
            raise _wrong(file, key, value, "a finite number")
        return float(value)

    def find_flag(self, key: str) -> bool | None:
        """Return true or false; None if it is missing."""
        value, file = self._find(key)
        if value is not None and not isinstance(value, bool):
            raise _wrong(file, key, value, "true or false")
        return value

    def find_text(self, key: str) -> str | None:
        """Return a string; None if it is missing."""
        value, file = self._find(key)
        if value is not None and not isinstance(value, str):
            raise _wrong(file, key, value, "a string")
        return value

    def text(self, key: str) -> str:
        """Return a string."""
        return self._required(key, self.find_text(key))

    def find_token(self, key: str) -> str | None:
        """Return a token: a string, or the ``content`` of an object; None if it is missing."""
        value, file = self._find(key)
        return None if value is None else _token(file, key, value)

    def tokens(self, key: str) -> tuple[str, ...]:
        """Return the tokens of a list; none if it is missing."""
        value, file = self._find(key)
        if value is not None and not isinstance(value, list):
            raise _wrong(file, key, value, "a list of tokens")
        return tuple(_token(file, key, each) for each in value or ())

    def _find(self, key: str) -> tuple[Any, str]:
        """Return a value and the name of its file; null counts as missing."""
        value = self._values.get(key)
        if value is None and self._fallback is not None:
            return self._fallback._find(key)
        return value, self._file

    def _required(self, key: str, value: T | None) -> T:
        if value is None:
            raise ModelBrokenError(f"{self._file} has no {key}")
        return value


def _token(file: str, key: str, value: Any) -> str:
    token = value.get("content") if isinstance(value, dict) else value
    if not isinstance(token, str):
        raise _wrong(file, key, value, "a token")
    return token


def _wrong(file: str, key: str, value: Any, wanted: str) -> ModelBrokenError:
    return ModelBrokenError(f"{file}: {key} is {_shown(value)}, not {wanted}")


def _shown(value: Any) -> str:
    try:
        text = json.dumps(value)
    # Python writes no integers of thousands of digits, and no value that is nested too deep.
    except (ValueError, RecursionError):
        return "too large to be shown"
    return text if len(text) <= MAX_SHOWN else f"{text[:MAX_SHOWN]}..."
