"""A summary written by a model, of articles of any length.

An article longer than the model's input is summarized part by part, and the
parts' summaries again, until one input holds all (map and reduce): nothing is
cut off.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from summsvc.articles import sentences
from summsvc.articles.article import Span, Warning, WarningType
from summsvc.articles.document import Document
from summsvc.engines.base import DecodingOptions
from summsvc.engines.length import Length, count_words
from summsvc.tasks.chain import Chain
from summsvc.tasks.extract import candidates
from summsvc.tasks.results import SummarySentence
from summsvc.tasks.support import Support

WORDS_PER_SENTENCE = 25
TOKENS_PER_WORD = 1.6
MAX_ROUNDS = 8


async def write(
    chain: Chain, document: Document, length: Length
) -> tuple[tuple[SummarySentence, ...], tuple[Warning, ...]]:
    """The written sentences, whole ones only, and what is to be said about them.

    Raises what the chain's scheduler raises.
    """
    texts = [segment.text for segment in candidates(document)]
    total = sum(map(count_words, texts))
    limit = length.words(total)
    words = limit or WORDS_PER_SENTENCE * (length.max_sentences or 1)
    room = max(16, round(words * TOKENS_PER_WORD))

    def sized(options: DecodingOptions) -> DecodingOptions:
        return replace(options, max_output_tokens=options.max_output_tokens or room)

    for _ in range(MAX_ROUNDS):
        parts = _packed(chain, texts)
        outputs = await chain.run_all(parts, sized)
        texts = [output.text for output in outputs if output.text.strip()]
        if len(parts) == 1:
            break
    summary = " ".join(texts)
    language = document.language.code
    found = [summary[begin:end] for begin, end in sentences.split(summary, language)]
    whole = [each for each in found if each.rstrip("\"'”’»)")[-1:] in ".!?…"] or found[:1]
    kept, over = _within(whole, length, limit)
    warnings = []
    if over:
        message = f"one whole sentence is the least there is; it is {over} words over the limit"
        warnings.append(Warning(WarningType.LENGTH_NOT_MET, message))
    if len(whole) < len(found) and not kept:
        warnings.append(Warning(WarningType.OUTPUT_TRUNCATED, "the model ended mid-sentence"))
    support = Support.of(document)
    return tuple(checked(text, support) for text in kept), tuple(warnings)


def checked(text: str, support: Support) -> SummarySentence:
    """A written sentence with a warning for each claim that the article does not have."""
    return SummarySentence(
        text,
        warnings=tuple(
            Warning(
                WarningType.UNSUPPORTED_CLAIM,
                f"“{claim.text}” is not in the article",
                output_span=Span(claim.start, claim.end),
            )
            for claim in support.unsupported(text)
        ),
    )


def _packed(chain: Chain, texts: Sequence[str]) -> list[str]:
    """Texts joined into as few parts as the model's input allows."""
    leg = chain.legs[0]
    engine = leg.scheduler.engine
    lengths = engine.count_tokens(texts, leg.source, leg.target)
    parts: list[list[str]] = []
    room = 0
    for text, tokens in zip(texts, lengths, strict=True):
        if not parts or tokens > room:
            parts.append([])
            room = engine.max_input_tokens
        parts[-1].append(text)
        room -= tokens
    return [" ".join(part) for part in parts]


def _within(texts: Sequence[str], length: Length, limit: int | None) -> tuple[list[str], int]:
    """The first sentences that the limit allows, at least one; and words over it."""
    most = length.max_sentences or len(texts)
    kept: list[str] = []
    used = 0
    for text in texts[:most]:
        words = count_words(text)
        if kept and limit is not None and used + words > limit:
            break
        kept.append(text)
        used += words
    return kept, max(0, used - limit) if limit is not None else 0
