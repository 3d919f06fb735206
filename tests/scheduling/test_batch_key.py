"""The output limit of a segment, and what is kept of its options."""

from __future__ import annotations

import sys
from dataclasses import replace

import pytest

from summsvc.engines.base import DecodingOptions
from summsvc.scheduling.batch_key import MIN_OUTPUT_LIMIT, with_output_limit

TERMS = DecodingOptions(output_terms=("glossary", "of", "a", "request"))


@pytest.mark.parametrize("options", [DecodingOptions(), TERMS])
def test_segments_of_similar_length_have_equal_limits(options: DecodingOptions) -> None:
    limits = [with_output_limit(options, tokens).max_output_tokens for tokens in (1, 65, 128)]
    assert limits == [MIN_OUTPUT_LIMIT, 256, 256]
    assert with_output_limit(options, 65) == with_output_limit(options, 128)
    assert with_output_limit(replace(options, max_output_tokens=7), 128).max_output_tokens == 7


def test_terms_are_not_kept() -> None:
    terms = TERMS.output_terms
    before = sys.getrefcount(terms)
    for tokens in range(1, 300):
        with_output_limit(TERMS, tokens)
    assert sys.getrefcount(terms) == before
