"""Pipeline of one request: runs texts on one model, or on two in a row (pivot translation).

The pipeline submits texts to schedulers, yields outputs in order, and limits retries.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from dataclasses import replace

from summsvc.engines.base import DecodingOptions
from summsvc.errors import OverloadedError, SummsvcError
from summsvc.scheduling.fairness.callers import ANONYMOUS, Caller
from summsvc.scheduling.jobs import Job, Outcome, Priority, RetryCause
from summsvc.tasks.pipeline.decoding import DecodingRequest
from summsvc.tasks.pipeline.stage import (
    PipelineOutput,
    Stage,
    Submitted,
    Unsplittable,
    after_both,
    join_outputs,
)
from summsvc.tasks.pipeline.text_workers import TextWorkers, work_size
from summsvc.tasks.pipeline.usage import ModelUse, Stats
from summsvc.tasks.quality.check_cache import Checks

RETRY_ALLOWANCE = 2_000
"""Code points that a request may retry in addition to its own length: some sentences, with
every one of the ``retry_strategies``."""

Adjust = Callable[[DecodingOptions], DecodingOptions]
"""Changes the decoding options of a model for one submission."""

GROUP_SIZE = 128
"""Outputs that are processed together when no caller waits for the first output."""


class Pipeline:
    """The stages of one request, with its priority, deadline and decoding options.

    stats: the accumulated time and tokens of all submissions. workers: for text work on
    the outputs. checks: cache of quality checks, shared between requests; unused where the
    request bypasses caches. admitted: True where another pipeline of the same request was
    admitted already. unsplittable: returns the spans of a text that must not be split.
    output_terms: texts in the target language that the last model must be able to generate.
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
        admitted: bool = False,
        unsplittable: Unsplittable = lambda _: (),
        output_terms: Sequence[str] = (),
    ) -> None:
        self.stages = tuple(stages)
        self.source = self.stages[0].source
        self.stats = Stats()
        self.workers = workers.for_caller(caller)
        self.checks = checks if checks is not None and use_cache else Checks(0)
        self._unsplittable = unsplittable
        self._output_terms = tuple(dict.fromkeys(output_terms))
        self._decoding = decoding
        self._priority = priority
        self._deadline = deadline
        self._use_cache = use_cache
        self._caller = caller
        self._admitted = admitted
        self._retry_budget = RETRY_ALLOWANCE

    @property
    def models(self) -> tuple[ModelUse, ...]:
        """The model of each stage."""
        return tuple(stage.use for stage in self.stages)

    @property
    def decoding(self) -> DecodingOptions:
        """The decoding options of the first model for this request."""
        return self._decoding.over(self.stages[0].scheduler.engine.spec.decoding)

    async def submit(
        self, texts: Sequence[str], adjust: Adjust = lambda options: options
    ) -> Submitted:
        """Queue texts for the first model; this admits the request.

        No queue limit rejects later submissions of an admitted request. The caller cancels
        what it does not ``run``. Raises what ``Scheduler.submit`` raises.
        """
        self._retry_budget += sum(map(len, texts))
        return await self._submit(self.stages[0], texts, adjust)

    def run(
        self,
        submitted: Submitted,
        adjust: Adjust = lambda options: options,
        *,
        min_group: int = 1,
    ) -> AsyncGenerator[list[PipelineOutput], None]:
        """Yield one output per text, in order, in groups of outputs that are known together.

        A second model starts with the first model's outputs so far. adjust: for the stages
        after the first. min_group: outputs to wait for before a group is yielded. Raises
        what the job handles of the stages raise.
        """
        groups = self._outputs(submitted, min_group)
        for stage in self.stages[1:]:
            groups = self._run_next(stage, groups, adjust, min_group)
        return groups

    async def run_all(
        self, texts: Sequence[str], adjust: Adjust = lambda options: options
    ) -> list[PipelineOutput]:
        """Return the outputs of ``submit`` and ``run`` as a list."""
        submitted = await self.submit(texts, adjust)
        async with aclosing(self.run(submitted, adjust, min_group=GROUP_SIZE)) as groups:
            return [output async for group in groups for output in group]

    async def retry(
        self,
        texts_of: Sequence[Sequence[str]],
        adjust: Adjust = lambda options: options,
        *,
        cause: RetryCause = RetryCause.DOUBT,
        newly_retried: int = 0,
    ) -> list[list[PipelineOutput] | SummsvcError]:
        """Run texts, or parts of texts, that were run before, for several segments at once.

        texts_of: each segment's texts. All are submitted together, equal ones once. Returns
        each segment's outputs, or the error of its first failed text. cause, newly_retried:
        for the metrics of retried tokens and segments.

        Admission does not count retries. Therefore all retries of a request together may be
        as long as its texts and ``RETRY_ALLOWANCE`` code points; beyond, the error is
        OverloadedError.
        """
        self.stages[-1].scheduler.count_retried(newly_retried)
        known: dict[str, PipelineOutput | SummsvcError] = {}
        spent = OverloadedError("other outputs of the request were tried again as often already")
        for texts in texts_of:
            new = [text for text in dict.fromkeys(texts) if text not in known]
            cost = sum(map(len, new))
            if cost <= self._retry_budget:
                self._retry_budget -= cost
                known.update(dict.fromkeys(new, spent))
        outputs = await self._settled_by_all(list(known), adjust, cause)
        known.update(zip(known, outputs, strict=True))
        results: list[list[PipelineOutput] | SummsvcError] = []
        for texts in texts_of:
            found = [known.get(text, spent) for text in texts]
            errors = [each for each in found if isinstance(each, SummsvcError)]
            done = [each for each in found if isinstance(each, PipelineOutput)]
            results.append(errors[0] if errors else done)
        return results

    async def _settled_by_all(
        self, texts: Sequence[str], adjust: Adjust, cause: RetryCause
    ) -> list[PipelineOutput | SummsvcError]:
        """Return the output or error of each text after all stages. cause: of this retry."""
        results: list[PipelineOutput | SummsvcError] = [
            PipelineOutput(text, 0.0, complete=True, pieces=1) for text in texts
        ]
        for stage in self.stages:
            left = {i: each for i, each in enumerate(results) if isinstance(each, PipelineOutput)}
            if not left:
                break
            try:
                submitted = await self._submit(stage, [each.text for each in left.values()], adjust)
                stage.scheduler.count_retried_tokens(cause, sum(submitted.handle.job.tokens))
                outputs = await self._settled(submitted)
            except SummsvcError as error:
                outputs = [error] * len(left)
            for (i, first), second in zip(left.items(), outputs, strict=True):
                results[i] = (
                    after_both(first, second) if isinstance(second, PipelineOutput) else second
                )
        return results

    async def _run_next(
        self,
        stage: Stage,
        previous: AsyncGenerator[list[PipelineOutput], None],
        adjust: Adjust,
        min_group: int,
    ) -> AsyncGenerator[list[PipelineOutput], None]:
        """Run the outputs of the previous stage, group by group.

        The previous stage continues at the same time: all its texts are in its queue.
        """
        async with aclosing(previous):
            async for group in previous:
                submitted = await self._submit(stage, [output.text for output in group], adjust)
                waiting = iter(group)
                async with aclosing(self._outputs(submitted, min_group)) as groups:
                    async for outputs in groups:
                        yield [after_both(next(waiting), output) for output in outputs]

    async def _submit(self, stage: Stage, texts: Sequence[str], adjust: Adjust) -> Submitted:
        size = work_size(texts)
        prepared = await self.workers.offload(size, stage.prepare, texts, self._unsplittable)
        engine = stage.scheduler.engine
        options = adjust(self._decoding.over(engine.spec.decoding))
        # For other engines the terms would only keep equal segments of requests apart.
        if engine.restricts_output and stage is self.stages[-1]:
            options = replace(options, output_terms=self._output_terms)
        handle = stage.scheduler.submit(
            Job(
                texts=prepared.texts,
                tokens=prepared.tokens,
                source=stage.source,
                target=stage.target,
                options=options,
                priority=self._priority,
                deadline=self._deadline,
                use_cache=self._use_cache,
                continues=self._admitted,
                caller=self._caller,
            )
        )
        self._admitted = True
        return Submitted(prepared.pieces, handle)

    async def _outputs(
        self, submitted: Submitted, min_group: int
    ) -> AsyncGenerator[list[PipelineOutput], None]:
        pieces, start = submitted.pieces, 0
        known: list[Outcome] = []
        try:
            async with aclosing(submitted.handle.groups(min_group)) as groups:
                async for outcomes in groups:
                    self._count(outcomes)
                    known += outcomes
                    end = start
                    used = 0
                    while end < len(pieces) and used + len(pieces[end]) <= len(known):
                        used += len(pieces[end])
                        end += 1
                    outputs = join_outputs(pieces[start:end], known[:used])
                    del known[:used]
                    start = end
                    if outputs:
                        yield [each for each in outputs if isinstance(each, PipelineOutput)]
        finally:
            self._finish(submitted)

    async def _settled(self, submitted: Submitted) -> list[PipelineOutput | SummsvcError]:
        """Return the output or error of each text; raise the error of the whole job."""
        try:
            outcomes = await submitted.handle.outcomes_or_errors()
        finally:
            self._finish(submitted)
        self._count([each for each in outcomes if isinstance(each, Outcome)])
        return join_outputs(submitted.pieces, outcomes)

    def _finish(self, submitted: Submitted) -> None:
        handle = submitted.handle
        handle.cancel()
        self.stats.queue_s += handle.queue_s
        self.stats.inference_s += handle.inference_s

    def _count(self, outcomes: Sequence[Outcome]) -> None:
        for outcome in outcomes:
            if outcome.cache_hit:
                self.stats.cache_hits += 1
            else:
                self.stats.input_tokens += outcome.generated.input_tokens
                self.stats.output_tokens += outcome.generated.output_tokens
