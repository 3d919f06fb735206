"""Job intake: feeds the segments of submitted jobs into the queue, and removes ended jobs."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from summsvc.errors import DeadlineError, SummsvcError
from summsvc.scheduling.admission.deadlines import Deadlines
from summsvc.scheduling.cache import DedupCache
from summsvc.scheduling.jobs import Job, JobHandle
from summsvc.scheduling.metrics import ModelMetrics
from summsvc.scheduling.queue import FairQueue
from summsvc.tracing import current

FEED_CHUNK = 512
"""Segments fed in one step of the event loop: about a millisecond."""


def chunk(job: Job, start: int) -> range:
    """Return the positions of the segments that are fed in the step that begins at ``start``."""
    return range(start, min(start + FEED_CHUNK, len(job.texts)))


class Intake:
    """The jobs of one model that have not ended.

    unfed_tokens: tokens of segments that are not in the queue yet, of all jobs. on_fed: called
    after each step that may have added segments to the queue.
    """

    def __init__(
        self,
        queue: FairQueue,
        dedup: DedupCache,
        deadlines: Deadlines,
        metrics: ModelMetrics,
        on_fed: Callable[[], None],
    ) -> None:
        self._queue = queue
        self._dedup = dedup
        self._deadlines = deadlines
        self._metrics = metrics
        self._on_fed = on_fed
        self._handles: dict[JobHandle, asyncio.TimerHandle | None] = {}
        self.unfed_tokens = 0

    def __len__(self) -> int:
        """Return the number of jobs that have not ended."""
        return len(self._handles)

    def add(self, job: Job) -> JobHandle:
        """Add an admitted job. It ends with results, with an error or by cancellation."""
        span = current().child(
            "job",
            model=self._metrics.model,
            source=job.source,
            target=job.target,
            priority=job.priority.name.lower(),
            segments=len(job.texts),
        )
        handle = JobHandle(job, self._remove, self._metrics.started, span)
        timer = None
        if job.deadline is not None:
            loop = asyncio.get_running_loop()
            timer = loop.call_at(job.deadline, self._expire, handle)
        self._handles[handle] = timer
        self._change_unfed(handle, handle.unfed_tokens)
        self._feed(handle, self._dedup.key(job))
        return handle

    def fail_all(self, error: SummsvcError) -> None:
        """End all jobs with an error."""
        for handle in list(self._handles):
            handle.fail(error)

    def show_queue(self) -> None:
        """Set the metrics of the queue's length."""
        self._metrics.queued_requests.set(self._queue.backlog.requests)
        self._metrics.queued_tokens.set(self._queue.tokens)

    def _feed(self, handle: JobHandle, key: bytes) -> None:
        """Feed the next chunk of a job's segments, and schedule the step after it."""
        if handle.ended:
            return
        job = handle.job
        positions = chunk(job, len(handle.items))
        tokens = sum(job.tokens[positions.start : positions.stop])
        handle.unfed_tokens -= tokens
        self._change_unfed(handle, -tokens)
        waiting = []
        for item, shared in self._dedup.items(job, key, positions):
            handle.items.append((item, shared))
            if item.done:
                self._metrics.cache_hits.inc()
                continue
            if shared:
                self._metrics.shared.inc()
            handle.unfinished[item] = None
            if item.waiting:
                waiting.append(item)
            else:
                item.handles[handle] = None
                handle.mark_started()
        self._queue.add(handle, *waiting)
        if len(handle.items) < len(job.texts):
            asyncio.get_running_loop().call_soon(self._feed, handle, key)
        self._deadlines.update(handle)
        handle.items_added()
        self.show_queue()
        self._on_fed()

    def _change_unfed(self, handle: JobHandle, tokens: int) -> None:
        """Add to the unfed tokens of a job's caller. tokens: negative to subtract."""
        self.unfed_tokens += tokens
        self._queue.backlog.change(handle.job.caller, tokens=tokens)

    def _expire(self, handle: JobHandle) -> None:
        self._metrics.expired.inc()
        handle.fail(DeadlineError("the deadline passed before the work was done; allow more time"))

    def _remove(self, handle: JobHandle) -> None:
        """Remove a job that ended: complete, cancelled or failed."""
        timer = self._handles.pop(handle, None)
        if timer is not None:
            timer.cancel()
        self._metrics.ended(handle)
        self._change_unfed(handle, -handle.unfed_tokens)
        handle.unfed_tokens = 0
        unwanted = self._queue.remove(handle)
        self._deadlines.update(handle)
        if unwanted:
            self._dedup.forget(unwanted)
            self._metrics.abandoned.inc(len(unwanted))
        for item in handle.unfinished:
            item.handles.pop(handle, None)
        handle.unfinished.clear()
        self.show_queue()
