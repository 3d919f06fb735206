"""One round of a written summary: texts divided into parts, and what was written about each."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from summsvc.articles.length import Length
from summsvc.engines.base import DecodingOptions
from summsvc.errors import SummsvcError
from summsvc.interruption import checked
from summsvc.tasks.pipeline.pipeline import Adjust, Pipeline
from summsvc.tasks.pipeline.stage import PipelineOutput
from summsvc.tasks.pipeline.text_workers import TextWorkers
from summsvc.tasks.quality.checks import Issue, attempts_cut, safer
from summsvc.tasks.summarization.chunking import Divider, Part
from summsvc.tasks.summarization.postprocess import Written, central, written

ATTEMPTS = 2
"""Times that a part with doubtful output is tried again."""


@dataclass(frozen=True, slots=True)
class Size:
    """How long a summary is to be, and to be at least, in the model's tokens.

    sentence: how long one usually is.
    """

    summary: int
    least: int
    sentence: int


@dataclass(frozen=True, slots=True)
class Pass:
    """Parts that were summarized. groups: each part's sentences; those that an earlier part
    says already are left out. cut: what is to be said when doubtful ones were not all
    tried again as often as they could be.
    """

    parts: tuple[Part, ...]
    outputs: tuple[Written, ...]
    groups: tuple[tuple[str, ...], ...]
    cut: tuple[Issue, ...] = ()

    @staticmethod
    def of(parts: Sequence[Part], outputs: Sequence[Written], cut: Sequence[Issue] = ()) -> Pass:
        """The round of these parts and outputs, one for each."""
        said: set[str] = set()
        groups: list[tuple[str, ...]] = []
        for output in checked(outputs):
            news = {}
            for sentence in output.sentences:
                key = " ".join(sentence.casefold().split())
                if key not in said:
                    news[key] = sentence
                said.add(key)
            groups.append(tuple(news.values()))
        return Pass(tuple(parts), tuple(outputs), tuple(groups), tuple(cut))


class Summarist:
    """Summarizes texts in rounds, for one article.

    length: what was asked for, of sentences that stand in for a summary.
    """

    def __init__(
        self,
        pipeline: Pipeline,
        workers: TextWorkers,
        divider: Divider,
        language: str,
        length: Length,
    ) -> None:
        self._pipeline = pipeline
        self._workers = workers
        self._divider = divider
        self._language = language
        self._length = length

    async def round(self, texts: Sequence[str], size: Size, least: int = 1) -> Pass:
        """Divide the texts into ``least`` parts or more and have each part summarized.

        Doubtful output is tried again with safer decoding; where there is still
        none, the part's own central sentences stand. Raises what the chain's
        scheduler raises.
        """
        parts = await self._workers.run(self._divider.divide, texts, least)
        adjust = self._sized(parts, size)
        best = await self._written(parts, await self._pipeline.run_all(_texts(parts), adjust))
        cut: list[Issue] = []
        given_up: set[int] = set()
        for attempt in range(1, ATTEMPTS + 1):
            doubtful = [i for i, each in enumerate(best) if each.severity and i not in given_up]
            if not doubtful:
                break
            results = await self._pipeline.retry(
                [[parts[i].text] for i in doubtful], _safer(adjust, attempt)
            )
            outputs: dict[int, PipelineOutput] = {}
            for i, result in zip(doubtful, results, strict=True):
                if isinstance(result, SummsvcError):
                    # No time for it, say: a doubtful output is more than none.
                    given_up.add(i)
                    cut = attempts_cut(result) or cut
                else:
                    (outputs[i],) = result
            again = await self._written([parts[i] for i in outputs], [*outputs.values()])
            for i, other in zip(outputs, again, strict=True):
                if other.severity < best[i].severity:
                    best[i] = replace(other, retried=True)
        for i, part in enumerate(parts):
            if not best[i].sentences:
                best[i] = await self._stand_in(part, best[i], alone=len(parts) == 1)
        return await self._workers.run(Pass.of, parts, best, cut)

    async def _written(
        self, parts: Sequence[Part], outputs: Sequence[PipelineOutput]
    ) -> list[Written]:
        return await self._workers.run(_read, parts, outputs, self._language)

    async def _stand_in(self, part: Part, nothing: Written, *, alone: bool) -> Written:
        """The part's central sentences in place of what the model did not write."""
        length = self._length if alone else Length(max_sentences=1)
        taken = await self._workers.run(central, part.texts, self._language, length)
        assert nothing.issue is not None
        message = f"{nothing.issue.message}; a sentence of the article stands in its place"
        return Written(taken, replace(nothing.issue, message=message))

    def _sized(self, parts: Sequence[Part], size: Size) -> Adjust:
        """Each part's share of the length in tokens, within what the model is made for."""
        wanted = max(round(size.summary / len(parts)), size.sentence)
        smallest = min(part.tokens for part in parts)

        def sized(options: DecodingOptions) -> DecodingOptions:
            # Room to end the last sentence: what is too much is left out as whole sentences.
            most = options.max_output_tokens or round(1.3 * wanted) + size.sentence
            if len(parts) > 1 and 2 * smallest > self._divider.limit:
                # What is read again must get shorter.
                most = min(most, max(smallest // 2, size.sentence))
            least = min(
                options.min_output_tokens, size.least // len(parts), smallest // 2, most - 1
            )
            return replace(options, max_output_tokens=most, min_output_tokens=max(0, least))

        return sized


def _texts(parts: Iterable[Part]) -> list[str]:
    return [part.text for part in parts]


def _read(parts: Sequence[Part], outputs: Sequence[PipelineOutput], language: str) -> list[Written]:
    return [
        written(part.text, output, language)
        for part, output in checked(zip(parts, outputs, strict=True), 1)
    ]


def _safer(adjust: Adjust, attempt: int) -> Adjust:
    def adjusted(options: DecodingOptions) -> DecodingOptions:
        return safer(adjust(options), attempt)

    return adjusted
