"""Decoding options of a request, validated, and merged with the model's defaults."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass

from summsvc.engines.base import DECODING_RANGES, DecodingOptions
from summsvc.errors import InvalidFieldError


@dataclass(frozen=True, slots=True)
class DecodingRequest:
    """The decoding options of a request; None means the model's default.

    Units and ranges are those of ``DecodingOptions``.
    """

    beam_size: int | None = None
    length_penalty: float | None = None
    repetition_penalty: float | None = None
    no_repeat_ngram_size: int | None = None
    max_output_tokens: int | None = None

    def check(self, max_output_tokens: int) -> None:
        """Raise InvalidFieldError for the first value out of its range.

        max_output_tokens: the server's limit.
        """
        for name, low, high in (
            *DECODING_RANGES,
            ("max_output_tokens", 1, max_output_tokens),
        ):
            value = getattr(self, name)
            if value is not None and not (math.isfinite(value) and low <= value <= high):
                raise InvalidFieldError(
                    f"{name} is {value}; it must be from {low} to {high}",
                    field=f"decoding.{name}",
                    metadata={"minimum": str(low), "maximum": str(high)},
                )

    def over(self, defaults: DecodingOptions) -> DecodingOptions:
        """The defaults, with the options of the request in place of the model's."""
        asked = {
            name: value for name in self.__slots__ if (value := getattr(self, name)) is not None
        }
        return dataclasses.replace(defaults, **asked) if asked else defaults
