"""Batch keys: the languages and decoding options that all segments of a batch share.

The decoding options include the output limit, which is computed here for each segment.
"""

from __future__ import annotations

import dataclasses
import functools
from typing import NamedTuple

from summsvc.engines.base import DecodingOptions

MIN_OUTPUT_LIMIT = 128
"""Lowest computed limit, in output tokens. A request may set a lower one."""


class BatchKey(NamedTuple):
    """Languages and decoding options; segments of one batch have equal keys."""

    source: str
    target: str
    options: DecodingOptions


def with_output_limit(options: DecodingOptions, tokens: int) -> DecodingOptions:
    """Return the options with ``max_output_tokens`` set.

    An engine computes a missing limit from the longest segment of its batch. The other
    segments of a batch would then decide where an output is cut. The limit set here is the
    next power of two above twice the input length. It is coarse, so that segments of similar
    length still share a batch.

    tokens: input length of the segment.
    """
    if options.max_output_tokens:
        return options
    limit = max(MIN_OUTPUT_LIMIT, 1 << (2 * tokens - 1).bit_length())
    # Without a cache for terms: it would keep the glossaries of many requests.
    return (_replaced if options.output_terms else _cached)(options, limit)


def _replaced(options: DecodingOptions, limit: int) -> DecodingOptions:
    return dataclasses.replace(options, max_output_tokens=limit)


_cached = functools.lru_cache(maxsize=1024)(_replaced)
