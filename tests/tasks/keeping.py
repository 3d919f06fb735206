"""A fake summarization engine that keeps the sentences with a digit, and a summary with it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from pathlib import Path

from summsvc.articles import sentences
from summsvc.articles.length import Length
from summsvc.articles.reader import read
from summsvc.engines.base import Cancelled, DecodingOptions, Generated, ModelSpec, Task
from summsvc.scheduling.jobs import Priority
from summsvc.tasks.pipeline.decoding import DecodingRequest
from summsvc.tasks.pipeline.pipeline import Pipeline
from summsvc.tasks.pipeline.stage import Stage
from summsvc.tasks.pipeline.text_workers import TextWorkers
from summsvc.tasks.summarization.abstractive import write_summary
from summsvc.tasks.summarization.types import SummarySentence
from summsvc.types import Article, Warning
from tests.scheduling.reversing import ReversingEngine, scheduler

SPECIALS = 2
Habit = Callable[[str, DecodingOptions], str]


def split(text: str) -> list[str]:
    return [text[begin:end] for begin, end in sentences.split(text, "en")]


def keep(most: int) -> Habit:
    """Keep up to so many sentences, those with a digit first, in their order.

    Keeps more sentences until the minimum length of the options is reached.
    """

    def habit(text: str, options: DecodingOptions) -> str:
        found = split(text)
        order = sorted(range(len(found)), key=lambda i: not any(map(str.isdigit, found[i])))
        size = most
        while size < len(found) and (
            sum(len(found[i].split()) for i in order[:size]) < options.min_output_tokens
        ):
            size += 1
        return " ".join(found[i] for i in sorted(order[:size]))

    return habit


class KeepingEngine(ReversingEngine):
    """Keeps some sentences of each text, cut at max_output_tokens; a token is a word.

    inputs: every input text with its options. counting_threads: threads in which tokens
    were counted. obeys: False ignores max_output_tokens.
    """

    name = "keeping"

    def __init__(
        self,
        habit: Habit,
        *,
        limit: int = 1024,
        decoding: DecodingOptions | None = None,
        obeys: bool = True,
    ) -> None:
        super().__init__()
        self.spec = ModelSpec(
            "keeping", Task.SUMMARIZATION, Path(), "none", (("en", "en"),),
            decoding=decoding or DecodingOptions(beam_size=1, max_output_tokens=142),
        )  # fmt: skip
        self.max_input_tokens = limit
        self.aligns = False
        self.restricts_output = False
        self.inputs: list[tuple[str, DecodingOptions]] = []
        self.counting_threads: set[int] = set()
        self._habit = habit
        self._obeys = obeys

    def count_tokens(self, texts: Sequence[str], source: str, target: str) -> list[int]:
        assert source == target
        self.counting_threads.add(threading.get_ident())
        return [len(text.split()) + SPECIALS for text in texts]

    def generate(
        self,
        texts: Sequence[str],
        source: str,
        target: str,
        options: DecodingOptions,
        cancelled: Cancelled = lambda: False,
    ) -> list[Generated]:
        assert not cancelled()
        results = []
        for text, tokens in zip(texts, self.count_tokens(texts, source, target), strict=True):
            assert tokens <= self.max_input_tokens
            self.inputs.append((text, options))
            words = self._habit(text, options).split()
            most = options.max_output_tokens if self._obeys else len(words)
            complete = len(words) <= most
            out = " ".join(words[:most])
            results.append(Generated(out, -0.5, tokens, min(len(words), most), complete))
        return results


async def summarize(
    engine: KeepingEngine, article: Article, length: Length, **asked: int
) -> tuple[tuple[SummarySentence, ...], tuple[Warning, ...]]:
    """A summary by the real pipeline and scheduler."""
    workers = TextWorkers(1, max_title=2000, max_body=1_000_000)
    queue = scheduler(engine, batch_tokens=4096)
    pipeline = Pipeline(
        [Stage(queue, "en", "en")],
        workers,
        decoding=DecodingRequest(**asked),
        priority=Priority.INTERACTIVE,
        deadline=None,
        use_cache=False,
    )
    try:
        return await write_summary(pipeline, workers, read(article, keep_boilerplate=True), length)
    finally:
        await queue.close()
        workers.close()
