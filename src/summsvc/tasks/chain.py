"""Text through one model, or through two when there is no direct one."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass

from summsvc.articles.article import Warning, WarningType
from summsvc.engines.base import DecodingOptions
from summsvc.errors import OverloadedError
from summsvc.scheduling.callers import ANONYMOUS, Caller
from summsvc.scheduling.work import Outcome, Priority, Work
from summsvc.tasks import split
from summsvc.tasks.decoding import DecodingRequest
from summsvc.tasks.leg import Leg
from summsvc.tasks.reading import TextWorkers
from summsvc.tasks.results import ModelUse, Stats
from summsvc.tasks.terms import Terms

ANYWAY = 2_000
"""Code points that may be run again however short a request is: some sentences, as often as
``attempts`` has ways for them."""

Adjust = Callable[[DecodingOptions], DecodingOptions]

MANY = 128
"""Outputs that are handed on together where nobody waits for the first of them."""


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

    stats collects what every run cost. workers: for text work that its outputs need.
    terms: what is not to be cut where a text is too long.
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
        caller: Caller = ANONYMOUS,
    ) -> None:
        self.legs = tuple(legs)
        self.stats = Stats()
        self.workers = workers
        self.terms = Terms.of((), (), self.legs[0].source)
        self._decoding = decoding
        self._priority = priority
        self._deadline = deadline
        self._use_cache = use_cache
        self._caller = caller
        self._let_in = False
        self._may_cost = ANYWAY

    @property
    def models(self) -> tuple[ModelUse, ...]:
        return tuple(leg.use for leg in self.legs)

    @property
    def decoding(self) -> DecodingOptions:
        """How the first model searches, with what the request asks of it."""
        return self._decoding.over(self.legs[0].scheduler.engine.spec.decoding)

    def run(
        self,
        texts: Sequence[str],
        adjust: Adjust = lambda options: options,
        *,
        together: int = 1,
    ) -> AsyncGenerator[list[ChainOutput], None]:
        """Yield one output per text, in order, as soon as known, those known together as a group.

        A second model begins with what the first has done so far. adjust: changes
        the decoding of every leg, for a second attempt. together: outputs that are
        waited for before some are yielded. Raises what ``Scheduler.submit`` and its
        tickets raise.
        """
        self._may_cost += sum(map(len, texts))
        return self._run(texts, adjust, together)

    async def _run(
        self, texts: Sequence[str], adjust: Adjust, together: int
    ) -> AsyncGenerator[list[ChainOutput], None]:
        first, *others = self.legs
        groups = self._run_leg(first, texts, adjust, together)
        for leg in others:
            groups = self._run_on(leg, groups, adjust, together)
        async with aclosing(groups):
            async for group in groups:
                yield group

    async def run_all(
        self, texts: Sequence[str], adjust: Adjust = lambda options: options
    ) -> list[ChainOutput]:
        """The outputs of ``run`` as a list."""
        async with aclosing(self.run(texts, adjust, together=MANY)) as groups:
            return [output async for group in groups for output in group]

    async def again(
        self, texts: Sequence[str], adjust: Adjust = lambda options: options
    ) -> list[ChainOutput]:
        """As ``run_all``, for what was run before or is a part of it.

        Admission never counted it. So all of it together may be as long as what was run,
        and ``ANYWAY`` code points more; raises OverloadedError beyond.
        """
        cost = sum(map(len, texts))
        if cost > self._may_cost:
            raise OverloadedError("other outputs of the request were tried again as often already")
        self._may_cost -= cost
        async with aclosing(self._run(texts, adjust, MANY)) as groups:
            return [output async for group in groups for output in group]

    async def _run_on(
        self,
        leg: Leg,
        before: AsyncGenerator[list[ChainOutput], None],
        adjust: Adjust,
        together: int,
    ) -> AsyncGenerator[list[ChainOutput], None]:
        """Run what comes out of the leg before, a group at a time.

        Meanwhile the leg before goes on: all its segments are in its queue.
        """
        async with aclosing(before):
            async for group in before:
                texts = [output.text for output in group]
                waiting = iter(group)
                async with aclosing(self._run_leg(leg, texts, adjust, together)) as groups:
                    async for outputs in groups:
                        yield [_weaker(next(waiting), output) for output in outputs]

    async def _run_leg(
        self, leg: Leg, texts: Sequence[str], adjust: Adjust, together: int
    ) -> AsyncGenerator[list[ChainOutput], None]:
        if not texts:
            return
        cut = await self.workers.beside(sum(map(len, texts)), leg.cut, texts, self.terms)
        options = adjust(self._decoding.over(leg.scheduler.engine.spec.decoding))
        ticket = leg.scheduler.submit(
            Work(
                texts=cut.texts,
                tokens=cut.tokens,
                source=leg.source,
                target=leg.target,
                options=options,
                priority=self._priority,
                deadline=self._deadline,
                use_cache=self._use_cache,
                continues=self._let_in,
                caller=self._caller,
            )
        )
        self._let_in = True
        waiting = iter(cut.pieces)
        pieces = next(waiting, None)
        known: list[Outcome] = []
        try:
            async with aclosing(ticket.groups(together)) as groups:
                async for outcomes in groups:
                    self._count(outcomes)
                    known += outcomes
                    at, outputs = 0, []
                    while pieces is not None and at + len(pieces) <= len(known):
                        outputs.append(_joined(pieces, known[at : at + len(pieces)]))
                        at += len(pieces)
                        pieces = next(waiting, None)
                    del known[:at]
                    if outputs:
                        yield outputs
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
