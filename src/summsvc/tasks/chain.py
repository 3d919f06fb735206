"""Text through one model, or through two when there is no direct one."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass

from summsvc.articles.article import Warning, WarningType
from summsvc.engines.base import DecodingOptions
from summsvc.scheduling.scheduler import Scheduler
from summsvc.scheduling.work import Outcome, Priority, Work
from summsvc.tasks import split
from summsvc.tasks.decoding import DecodingRequest
from summsvc.tasks.reading import TextWorkers
from summsvc.tasks.results import ModelUse, Stats

Adjust = Callable[[DecodingOptions], DecodingOptions]


@dataclass(frozen=True, slots=True)
class Leg:
    """One model of a route, and the languages it works between."""

    scheduler: Scheduler
    source: str
    target: str

    @property
    def use(self) -> ModelUse:
        engine = self.scheduler.engine
        return ModelUse(engine.spec.id, engine.name, engine.spec.revision, self.source, self.target)


@dataclass(frozen=True, slots=True)
class ChainOutput:
    """What came out for one text.

    score: mean log-probability per token of the weaker leg, at most 0.
    complete: False when a length limit ended it. pieces: into how many the
    text had to be split for the model's input, at least 1.
    """

    text: str
    score: float
    complete: bool
    pieces: int


class Chain:
    """The models of a route, for one request.

    stats collects what every run cost.
    """

    def __init__(
        self,
        legs: Sequence[Leg],
        workers: TextWorkers,
        *,
        decoding: DecodingRequest,
        priority: Priority,
        deadline: float | None,
        use_cache: bool,
    ) -> None:
        self.legs = tuple(legs)
        self.stats = Stats()
        self._workers = workers
        self._decoding = decoding
        self._priority = priority
        self._deadline = deadline
        self._use_cache = use_cache
        self._let_in = False

    @property
    def models(self) -> tuple[ModelUse, ...]:
        return tuple(leg.use for leg in self.legs)

    @property
    def decoding(self) -> DecodingOptions:
        """How the first model searches, with what the request asks of it."""
        return self._decoding.over(self.legs[0].scheduler.engine.spec.decoding)

    async def run(
        self, texts: Sequence[str], adjust: Adjust = lambda options: options
    ) -> AsyncGenerator[ChainOutput, None]:
        """Yield one output per text, in order, each as soon as it is known.

        adjust: changes the decoding of every leg, for a second attempt. Raises
        what ``Scheduler.submit`` and its tickets raise.
        """
        *first, last = self.legs
        before: list[ChainOutput] = []
        for leg in first:
            async with aclosing(self._run_leg(leg, texts, adjust)) as outputs:
                before = [output async for output in outputs]
            texts = [output.text for output in before]
        at = 0
        async with aclosing(self._run_leg(last, texts, adjust)) as outputs:
            async for output in outputs:
                yield _weaker(before[at], output) if before else output
                at += 1

    async def run_all(
        self, texts: Sequence[str], adjust: Adjust = lambda options: options
    ) -> list[ChainOutput]:
        """The outputs of ``run`` as a list."""
        async with aclosing(self.run(texts, adjust)) as outputs:
            return [output async for output in outputs]

    async def _run_leg(
        self, leg: Leg, texts: Sequence[str], adjust: Adjust
    ) -> AsyncGenerator[ChainOutput, None]:
        pieces, tokens = await self._workers.run(_pieces, leg, texts)
        options = adjust(self._decoding.over(leg.scheduler.engine.spec.decoding))
        ticket = leg.scheduler.submit(
            Work(
                texts=[piece.strip() for group in pieces for piece in group],
                tokens=tokens,
                source=leg.source,
                target=leg.target,
                options=options,
                priority=self._priority,
                deadline=self._deadline,
                use_cache=self._use_cache,
                continues=self._let_in,
            )
        )
        self._let_in = True
        try:
            async with aclosing(ticket.results()) as results:
                for group in pieces:
                    outcomes = [await anext(results) for _ in group]
                    self._count(outcomes)
                    yield _joined(group, outcomes)
        finally:
            ticket.cancel()
            self.stats.queue_s += ticket.queue_s
            self.stats.inference_s += ticket.inference_s

    def _count(self, outcomes: Sequence[Outcome]) -> None:
        for outcome in outcomes:
            if outcome.cache_hit:
                self.stats.cache_hits += 1
            else:
                self.stats.input_tokens += outcome.generated.input_tokens
                self.stats.output_tokens += outcome.generated.output_tokens


def _pieces(leg: Leg, texts: Sequence[str]) -> tuple[list[list[str]], list[int]]:
    """Each text as one piece, or as many as the model's input asks for; and all lengths."""
    engine = leg.scheduler.engine

    def count(parts: Sequence[str]) -> list[int]:
        return engine.count_tokens(parts, leg.source, leg.target)

    pieces: list[list[str]] = []
    tokens: list[int] = []
    for text, length in zip(texts, count(texts), strict=True):
        if length <= engine.max_input_tokens:
            pieces.append([text])
            tokens.append(length)
        else:
            pieces.append(split.split(text, count, engine.max_input_tokens))
            tokens += count([piece.strip() for piece in pieces[-1]])
    return pieces, tokens


def _joined(pieces: Sequence[str], outcomes: Sequence[Outcome]) -> ChainOutput:
    generated = [outcome.generated for outcome in outcomes]
    return ChainOutput(
        text=split.join(pieces, [output.text for output in generated]),
        score=min(output.score for output in generated),
        complete=all(output.complete for output in generated),
        pieces=len(pieces),
    )


def _weaker(before: ChainOutput, after: ChainOutput) -> ChainOutput:
    return ChainOutput(
        text=after.text,
        score=min(before.score, after.score),
        complete=before.complete and after.complete,
        pieces=max(before.pieces, after.pieces),
    )


def pivot_warning(chain: Chain) -> list[Warning]:
    """What is to be said when the text went through another language."""
    if len(chain.legs) == 1:
        return []
    first, last = chain.legs[0], chain.legs[-1]
    return [
        Warning(
            WarningType.PIVOT,
            f"no model from '{first.source}' to '{last.target}' is installed; "
            f"the text went through '{first.target}'",
        )
    ]
