"""Alignments from the engine to the markup and the terms of a translation."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, cast

import pytest

from summsvc.engines.base import AlignedSpan, DecodingOptions, Generated
from summsvc.scheduling.cache import OutputCache
from summsvc.tasks.pipeline.router import Router
from summsvc.tasks.pipeline.stage import Stage
from summsvc.tasks.pipeline.text_workers import TextWorkers
from summsvc.tasks.translation.glossary import Terms
from summsvc.tasks.translation.term_uses import uses
from summsvc.tasks.translation.translator import Translator
from summsvc.tasks.translation.types import Translation, TranslationRequest
from summsvc.types import Article, MimeType, WarningType
from tests.scheduling.reversing import scheduler
from tests.tasks.dictionary import TO_LITHUANIAN, TO_RUSSIAN, DictionaryEngine


class MirroringEngine(DictionaryEngine):
    """Translates word by word in reverse order, and aligns each word with its own."""

    aligns = True

    def generate(
        self,
        texts: Sequence[str],
        source: str,
        target: str,
        options: DecodingOptions,
        cancelled: Any = lambda: False,
    ) -> list[Generated]:
        return [
            _mirrored(text, output)
            for text, output in zip(
                texts, super().generate(texts, source, target, options, cancelled), strict=True
            )
        ]


def _mirrored(text: str, output: Generated) -> Generated:
    read = [match.span() for match in re.finditer(r"[\w.]+\w|\w", text)]
    words = re.findall(r"[\w.]+\w|\w", output.text)
    spans: list[AlignedSpan] = []
    at = 0
    for (start, end), word in zip(reversed(read), reversed(words), strict=True):
        spans.append(AlignedSpan(start, end, at, at + len(word)))
        at += len(word) + 1
    said = " ".join(reversed(words)) + text[read[-1][1] :]
    return Generated(said, -0.5, output.input_tokens, 1, complete=True, alignment=tuple(spans))


@asynccontextmanager
async def translator(*engines: DictionaryEngine) -> AsyncIterator[Translator]:
    """A translator from English with engines in a row."""
    stages = [
        Stage(scheduler(cast(Any, each), batch_tokens=80), *each.spec.pairs[0]) for each in engines
    ]

    class ToThese:
        async def translation(self, *_: str) -> list[Stage]:
            return stages

    workers = TextWorkers(1, max_title=100, max_body=100_000)
    try:
        yield Translator(workers, cast(Router, ToThese()))
    finally:
        for stage in stages:
            await stage.scheduler.close()
        workers.close()


async def translated(
    *engines: DictionaryEngine, body: str, target: str = "lt", **fields: Any
) -> Translation:
    async with translator(*engines) as made:
        article = Article("", body, "en", MimeType.HTML)
        return await made.translate(TranslationRequest(article, target, **fields))


def mirror(words: Mapping[str, str], *pair: str) -> MirroringEngine:
    return MirroringEngine((pair[0], pair[1]), words)


BODY = "<p>The <b>president</b> met the mayor.</p>"


async def test_markup_follows_the_alignment_of_the_engine() -> None:
    answer = await translated(mirror(TO_LITHUANIAN, "en", "lt"), body=BODY)
    assert answer.body == "<p>merą tas sutiko <b>prezidentas</b> Tas.</p>"
    assert [use.word_alignment for use in answer.started.models] == [True]


async def test_an_engine_without_alignment_says_so() -> None:
    answer = await translated(DictionaryEngine(("en", "lt"), TO_LITHUANIAN), body=BODY)
    assert answer.body == "<p>Tas <b>prezidentas</b> sutiko tas merą.</p>"
    assert [use.word_alignment for use in answer.started.models] == [False]


async def test_markup_follows_both_alignments_of_a_pivot() -> None:
    first, second = mirror(TO_LITHUANIAN, "en", "lt"), mirror(TO_RUSSIAN, "lt", "ru")
    answer = await translated(first, second, body=BODY, target="ru")
    assert answer.body == "<p>Этот <b>президент</b> встретил этот мэра.</p>"


async def test_a_pivot_with_one_alignment_places_markup_by_proportion() -> None:
    first = mirror(TO_LITHUANIAN, "en", "lt")
    second = DictionaryEngine(("lt", "ru"), TO_RUSSIAN)
    answer = await translated(first, second, body=BODY, target="ru")
    assert "<b>президент</b>" not in answer.body
    assert [use.word_alignment for use in answer.started.models] == [True, False]


async def test_markup_follows_the_alignment_in_a_split_segment() -> None:
    engine = mirror(TO_LITHUANIAN, "en", "lt")
    engine.max_input_tokens = 6
    body = "<p>The strike of teachers has ended, and the bishop met <i>the judge</i> in Riga.</p>"
    answer = await translated(engine, body=body)
    assert any(warning.type is WarningType.SEGMENT_SPLIT for warning in answer.finished.warnings)
    assert answer.body.endswith("and Riga mieste <i>teisėją tas</i>.</p>")


async def test_markup_follows_the_alignment_after_a_term_was_inserted() -> None:
    engine = mirror(TO_LITHUANIAN, "en", "lt")
    answer = await translated(engine, body=BODY, glossary=(("mayor", "miesto galva"),))
    assert answer.body == "<p>miesto galva tas sutiko <b>prezidentas</b> Tas.</p>"


async def test_kept_parts_are_protected_terms() -> None:
    engine = mirror({**TO_LITHUANIAN, "root": "šaknis"}, "en", "lt")
    body = "<p>The mayor met <code>root</code> in <b>Riga</b>.</p>"
    answer = await translated(engine, body=body)
    assert "<code>root</code>" in answer.body
    assert "šaknis" not in answer.body
    assert [(use.source, use.applied) for use in answer.segments[0].terms] == [("root", True)]


async def test_a_kept_segment_is_not_translated() -> None:
    engine = mirror(TO_LITHUANIAN, "en", "lt")
    body = "<p translate=no>The mayor &amp; <i>the judge</i> met.</p><p>The judge met.</p>"
    answer = await translated(engine, body=body)
    assert answer.body.startswith("<p translate=no>The mayor &amp; <i>the judge</i> met.</p>")
    assert engine.batches == [["The judge met."]]


@pytest.mark.parametrize(
    ("alignment", "applied"),
    [((), [True, False]), ((AlignedSpan(24, 29, 0, 4),), [False, True])],
)
def test_the_occurrence_with_which_a_term_is_aligned_is_the_applied_one(
    alignment: tuple[AlignedSpan, ...], applied: list[bool]
) -> None:
    source = "The mayor met the other mayor."
    terms = Terms.of((), (("mayor", "galva"),), "en")
    found = terms.find(source)
    assert [each.applied for each in uses(found, "galva sutiko merą.", "lt", alignment)] == applied


def test_an_alignment_counts_for_the_size_of_the_cache() -> None:
    output = Generated("text", -0.1, 1, 1, complete=True)
    spans = tuple(AlignedSpan(i, i + 1, i, i + 1) for i in range(50))
    aligned = Generated("text", -0.1, 1, 1, complete=True, alignment=spans)
    sizes = []
    for each in (output, aligned):
        cache = OutputCache(1_000_000)
        cache.put("key", "text", each)
        assert cache.get("key") is each
        sizes.append(cache.bytes)
    assert sizes[1] - sizes[0] >= 50 * 64


class RestrictingEngine(MirroringEngine):
    """Records the terms that the requests need. restricts_output: whether it uses them."""

    def __init__(self, pair: tuple[str, str], words: Mapping[str, str], *, restricts: bool) -> None:
        super().__init__(pair, words)
        self.restricts_output = restricts
        self.terms: set[tuple[str, ...]] = set()

    def generate(self, texts: Sequence[str], *rest: Any) -> list[Generated]:
        self.terms.add(rest[2].output_terms)
        return super().generate(texts, *rest)


@pytest.mark.parametrize("restricts", [True, False])
async def test_an_engine_that_restricts_its_output_gets_the_terms(restricts: bool) -> None:
    engine = RestrictingEngine(("en", "lt"), TO_LITHUANIAN, restricts=restricts)
    glossary = (("president", "vadovas"), ("mayor", ""))
    await translated(engine, body=BODY, glossary=glossary, do_not_translate=("Riga",))
    assert engine.terms == {("Riga", "vadovas") if restricts else ()}


async def test_only_the_last_model_of_a_pivot_gets_the_terms() -> None:
    first = RestrictingEngine(("en", "lt"), TO_LITHUANIAN, restricts=True)
    second = RestrictingEngine(("lt", "ru"), TO_RUSSIAN, restricts=True)
    await translated(first, second, body=BODY, target="ru", do_not_translate=("Riga",))
    assert (first.terms, second.terms) == ({()}, {("Riga",)})
