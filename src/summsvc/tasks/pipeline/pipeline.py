"""Text through one model, or through two when there is no direct one."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass

from summsvc.engines.base import DecodingOptions
from summsvc.errors import OverloadedError, SummsvcError
from summsvc.scheduling.fairness.callers import ANONYMOUS, Caller
from summsvc.scheduling.jobs import Job, JobHandle, Outcome, Priority
from summsvc.tasks.pipeline.decoding import DecodingRequest
from summsvc.tasks.pipeline.output import PipelineOutput, all_or_error, joined, weaker
from summsvc.tasks.pipeline.sizes import size
from summsvc.tasks.pipeline.stage import Stage
from summsvc.tasks.pipeline.text_workers import TextWorkers
from summsvc.tasks.pipeline.usage import ModelUse, Stats
from summsvc.tasks.quality.check_cache import Checks
from summsvc.tasks.translation.glossary import Terms
from summsvc.types import Warning, WarningType

RETRY_ALLOWANCE = 2_000
"""Code points that may be run again however short a request is: some sentences, as often as
``retry_strategies`` has ways for them."""

Adjust = Callable[[DecodingOptions], DecodingOptions]

GROUP_SIZE = 128
"""Outputs that are handed on together where nobody waits for the first of them."""


@dataclass(frozen=True, slots=True)
class Submitted:
    """Texts that wait for a model. pieces: what became of each for the model's input."""

    pieces: list[list[str]]
    handle: JobHandle

    def cancel(self) -> None:
        """Want nothing of it any more."""
        self.handle.cancel()


class Pipeline:
    """The models of a route, for one request.

    stats collects what every run cost. workers: for text work that its outputs need.
    checks: doubts about outputs that requests share, for one that uses the cache.
    let_in: True for more work of a request that another model has let in.
    terms: what is not to be cut where a text is too long.
    """

    def __init__(
        self,
        stages: Sequence[Stage],
        workers: TextWorkers,
        *,
        decoding: DecodingRequest,
        priority: Priority,
        deadline: float | None,
        use_cache: bool,
        caller: Caller = ANONYMOUS,
        checks: Checks | None = None,
        let_in: bool = False,
    ) -> None:
        self.stages = tuple(stages)
        self.stats = Stats()
        self.workers = workers
        self.terms = Terms.of((), (), self.stages[0].source)
        self._decoding = decoding
        self._priority = priority
        self._deadline = deadline
        self._use_cache = use_cache
        self._caller = caller
        self.checks = checks if checks is not None and use_cache else Checks(0)
        self._let_in = let_in
        self._may_cost = RETRY_ALLOWANCE

    @property
    def models(self) -> tuple[ModelUse, ...]:
        return tuple(stage.use for stage in self.stages)

    @property
    def decoding(self) -> DecodingOptions:
        """How the first model searches, with what the request asks of it."""
        return self._decoding.over(self.stages[0].scheduler.engine.spec.decoding)

    async def submit(
        self, texts: Sequence[str], adjust: Adjust = lambda options: options
    ) -> Submitted:
        """Let texts wait for the first model; from then on the request is let in.

        No limit of a queue refuses anything that follows. adjust: changes the decoding.
        The caller cancels what it does not ``run``. Raises what ``Scheduler.submit`` raises.
        """
        self._may_cost += sum(map(len, texts))
        return await self._submit(self.stages[0], texts, adjust)

    async def run(
        self,
        submitted: Submitted,
        adjust: Adjust = lambda options: options,
        *,
        min_group: int = 1,
    ) -> AsyncGenerator[list[PipelineOutput], None]:
        """Yield one output per text, in order, as soon as known, those known together as a group.

        A second model begins with what the first has done so far. adjust: changes the
        decoding of the legs after the first. together: outputs that are waited for
        before some are yielded. Raises what a leg's tickets raise.
        """
        groups = self._outputs(submitted, min_group)
        for stage in self.stages[1:]:
            groups = self._run_on(stage, groups, adjust, min_group)
        async with aclosing(groups):
            async for group in groups:
                yield group

    async def run_all(
        self, texts: Sequence[str], adjust: Adjust = lambda options: options
    ) -> list[PipelineOutput]:
        """The outputs of ``submit`` and ``run`` as a list."""
        submitted = await self.submit(texts, adjust)
        async with aclosing(self.run(submitted, adjust, min_group=GROUP_SIZE)) as groups:
            return [output async for group in groups for output in group]

    async def again(
        self, each: Sequence[Sequence[str]], adjust: Adjust = lambda options: options
    ) -> list[list[PipelineOutput] | SummsvcError]:
        """Run once more what was run before or is a part of it, for several segments at once.

        each: a segment's texts. All go to a model together, equal ones once. Gives each
        segment's outputs, or why it has none: it alone failed, or there is no time.
        Admission never counted it. So all of it together may be as long as what was run,
        and ``RETRY_ALLOWANCE`` code points more; OverloadedError is the reason beyond.
        """
        wanted: dict[str, PipelineOutput | SummsvcError] = {}
        spent = OverloadedError("other outputs of the request were tried again as often already")
        for texts in each:
            new = [text for text in dict.fromkeys(texts) if text not in wanted]
            cost = sum(map(len, new))
            if cost <= self._may_cost:
                self._may_cost -= cost
                wanted.update(dict.fromkeys(new, spent))
        outputs = await self._run_again(list(wanted), adjust)
        wanted.update(zip(wanted, outputs, strict=True))
        return [all_or_error([wanted.get(text, spent) for text in texts]) for texts in each]

    async def _run_again(
        self, texts: Sequence[str], adjust: Adjust
    ) -> list[PipelineOutput | SummsvcError]:
        """The output of each text, or why there is none."""
        results: list[PipelineOutput | SummsvcError] = [
            PipelineOutput(text, 0.0, complete=True, pieces=1) for text in texts
        ]
        for stage in self.stages:
            left = {i: each for i, each in enumerate(results) if isinstance(each, PipelineOutput)}
            if not left:
                break
            try:
                submitted = await self._submit(stage, [each.text for each in left.values()], adjust)
                outputs = await self._settled(submitted)
            except SummsvcError as error:
                outputs = [error] * len(left)
            for (i, before), after in zip(left.items(), outputs, strict=True):
                results[i] = weaker(before, after) if isinstance(after, PipelineOutput) else after
        return results

    async def _run_on(
        self,
        stage: Stage,
        before: AsyncGenerator[list[PipelineOutput], None],
        adjust: Adjust,
        min_group: int,
    ) -> AsyncGenerator[list[PipelineOutput], None]:
        """Run what comes out of the leg before, a group at a time.

        Meanwhile the leg before goes on: all its segments are in its queue.
        """
        async with aclosing(before):
            async for group in before:
                submitted = await self._submit(stage, [output.text for output in group], adjust)
                waiting = iter(group)
                async with aclosing(self._outputs(submitted, min_group)) as groups:
                    async for outputs in groups:
                        yield [weaker(next(waiting), output) for output in outputs]

    async def _submit(self, stage: Stage, texts: Sequence[str], adjust: Adjust) -> Submitted:
        cut = await self.workers.offload(size(texts), stage.cut, texts, self.terms)
        options = adjust(self._decoding.over(stage.scheduler.engine.spec.decoding))
        handle = stage.scheduler.submit(
            Job(
                texts=cut.texts,
                tokens=cut.tokens,
                source=stage.source,
                target=stage.target,
                options=options,
                priority=self._priority,
                deadline=self._deadline,
                use_cache=self._use_cache,
                continues=self._let_in,
                caller=self._caller,
            )
        )
        self._let_in = True
        return Submitted(cut.pieces, handle)

    async def _outputs(
        self, submitted: Submitted, min_group: int
    ) -> AsyncGenerator[list[PipelineOutput], None]:
        waiting = iter(submitted.pieces)
        pieces = next(waiting, None)
        known: list[Outcome] = []
        try:
            async with aclosing(submitted.handle.groups(min_group)) as groups:
                async for outcomes in groups:
                    self._count(outcomes)
                    known += outcomes
                    at, outputs = 0, []
                    while pieces is not None and at + len(pieces) <= len(known):
                        outputs.append(joined(pieces, known[at : at + len(pieces)]))
                        at += len(pieces)
                        pieces = next(waiting, None)
                    del known[:at]
                    if outputs:
                        yield outputs
        finally:
            self._leave(submitted)

    async def _settled(self, submitted: Submitted) -> list[PipelineOutput | SummsvcError]:
        """The output of each text, or what it failed with; raises what all of them ended with."""
        try:
            outcomes = iter(await submitted.handle.outcomes_or_errors())
        finally:
            self._leave(submitted)
        results: list[PipelineOutput | SummsvcError] = []
        for pieces in submitted.pieces:
            found = [next(outcomes) for _ in pieces]
            done = [each for each in found if isinstance(each, Outcome)]
            self._count(done)
            failed = [each for each in found if isinstance(each, SummsvcError)]
            results.append(failed[0] if failed else joined(pieces, done))
        return results

    def _leave(self, submitted: Submitted) -> None:
        submitted.cancel()
        self.stats.queue_s += submitted.handle.queue_s
        self.stats.inference_s += submitted.handle.inference_s

    def _count(self, outcomes: Sequence[Outcome]) -> None:
        for outcome in outcomes:
            if outcome.cache_hit:
                self.stats.cache_hits += 1
            else:
                self.stats.input_tokens += outcome.generated.input_tokens
                self.stats.output_tokens += outcome.generated.output_tokens


def pivot_warning(pipeline: Pipeline) -> list[Warning]:
    """What is to be said when the text went through another language."""
    if len(pipeline.stages) == 1:
        return []
    first, last = pipeline.stages[0], pipeline.stages[-1]
    return [
        Warning(
            WarningType.PIVOT,
            f"no model from '{first.source}' to '{last.target}' is installed; "
            f"the text went through '{first.target}'",
        )
    ]
