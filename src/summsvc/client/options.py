"""What a caller may ask for, besides the article itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypedDict

SummaryMethod = Literal["extractive", "abstractive"]


@dataclass(frozen=True, slots=True)
class DecodingOptions:
    """How a model searches for its output; None takes the model's own default.

    beam_size: 1 (greedy) to 16. length_penalty: -5 to 5, above 1 favours longer
    outputs. repetition_penalty: 1 (off) to 5. no_repeat_ngram_size: tokens, 0
    (off) to 20. max_output_tokens: per segment, 1 to the server's limit.
    """

    beam_size: int | None = None
    length_penalty: float | None = None
    repetition_penalty: float | None = None
    no_repeat_ngram_size: int | None = None
    max_output_tokens: int | None = None


class SummaryOptions(TypedDict, total=False):
    """Keyword arguments of ``summarize`` and ``batch_summarize``.

    At most one of max_sentences, max_words and ratio; without any, three
    sentences. See ``SummarizeRequest`` in the proto for ranges.
    """

    max_sentences: int | None
    """At most this many sentences."""
    max_words: int | None
    """At most this many words, in whole sentences."""
    ratio: float | None
    """At most this share of the article's words, above 0 and up to 1."""
    method: SummaryMethod | None
    """Whole sentences of the article, or text written by a model. None: written when a model
    is named, else the server's default."""
    target_language: str
    """BCP-47 code of the summary's language; empty: the article's own."""
    model: str
    """Model for an abstractive summary; empty: the server's choice."""
    translation_model: str
    """Model that translates the summary; empty: the server's choice."""
    keep_boilerplate: bool
    """Keep what looks like scraped noise."""
    decoding: DecodingOptions | None
    """How models search."""
    bypass_cache: bool
    """Neither read nor fill the server's cache of model outputs."""


class TranslationOptions(TypedDict, total=False):
    """Keyword arguments of ``translate``, ``batch_translate`` and ``stream_translate``."""

    model: str
    """Model id; empty: the server's choice for the pair."""
    include_segments: bool
    """Add every segment with spans, score and warnings; a stream always has them."""
    do_not_translate: Sequence[str]
    """Terms that stay as they are."""
    glossary: Mapping[str, str]
    """Terms with a prescribed translation."""
    keep_boilerplate: bool
    """Keep what looks like scraped noise."""
    decoding: DecodingOptions | None
    """How the model searches."""
    bypass_cache: bool
    """Neither read nor fill the server's cache of model outputs."""
