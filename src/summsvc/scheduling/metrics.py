"""Prometheus metrics of the queues and their models."""

from __future__ import annotations

from collections import Counter as Counts
from collections.abc import Sequence

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from summsvc.engines.base import Generated
from summsvc.scheduling.batching import Batch
from summsvc.scheduling.jobs import JobHandle, Priority, RetryCause

BATCH_SECONDS_BUCKETS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60)
BATCH_SEGMENTS_BUCKETS = (1, 2, 4, 8, 16, 32, 64, 128, 256)
QUEUE_WAIT_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300)
LOAD_SECONDS_BUCKETS = (0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 60, 120, 300, 600)
BATCH_FILL_BUCKETS = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 1.0)


class QueueMetrics:
    """Metrics of all queues of a process, labelled by model.

    registry: where they are registered.
    """

    def __init__(self, registry: CollectorRegistry) -> None:
        def gauge(name: str, text: str) -> Gauge:
            return Gauge(f"summsvc_{name}", text, ["model"], registry=registry)

        def counter(name: str, text: str, *labels: str) -> Counter:
            return Counter(f"summsvc_{name}", text, ["model", *labels], registry=registry)

        def histogram(name: str, text: str, buckets: tuple[float, ...], *labels: str) -> Histogram:
            names = ["model", *labels]
            return Histogram(f"summsvc_{name}", text, names, buckets=buckets, registry=registry)

        self.queued_requests = gauge("queued_requests", "Requests with segments waiting.")
        self.queued_tokens = gauge("queued_tokens", "Tokens of segments waiting.")
        self.segments = counter("segments", "Segments computed.")
        self.input_tokens = counter("input_tokens", "Tokens that went into the model.")
        self.output_tokens = counter("output_tokens", "Tokens that came out of the model.")
        self.cache_hits = counter("cache_hits", "Segments answered from the cache.")
        self.shared = counter("shared_segments", "Segments answered by one already in flight.")
        self.abandoned = counter(
            "abandoned_segments", "Segments dropped because no request waited for them any more."
        )
        self.failed = counter("failed_segments", "Segments on which the model failed.")
        self.stalled = counter("stalled_batches", "Batches that hung.")
        self.reloads = counter("model_reloads", "Times the model was loaded again after a hang.")
        self.abandoned_engines = gauge(
            "abandoned_engines", "Engines given up after a hang that are still in memory."
        )
        self.retried = counter(
            "retried_segments", "Segments decoded again because a check flagged the first output."
        )
        self.expired = counter("expired_requests", "Requests whose deadline passed in the queue.")
        self.cancelled = counter(
            "cancelled_requests",
            "Requests ended before all their results, by what they were doing.",
            "state",
        )
        self.retried_tokens = counter(
            "retried_tokens", "Input tokens of texts that were sent again, by cause.", "cause"
        )
        self.padding_tokens = counter(
            "padding_tokens", "Tokens of padding that were computed with the segments."
        )
        self.refused = counter(
            "refused_requests", "Requests rejected at admission, by reason.", "reason"
        )
        self.caller_tokens = Counter(
            "summsvc_caller_tokens",
            "Input tokens computed, by the caller that first asked for them.",
            ["caller"],
            registry=registry,
        )
        self.loaded = gauge("model_loaded", "1 while the model is in memory.")
        self.load_seconds = histogram(
            "model_load_seconds", "Seconds to load the model and warm it up.", LOAD_SECONDS_BUCKETS
        )
        self.load_failures = counter("model_load_failures", "Times the model could not be loaded.")
        self.queue_wait = histogram(
            "queue_wait_seconds",
            "Seconds from the admission of a request until a batch with it started, or it ended.",
            QUEUE_WAIT_BUCKETS,
            "priority",
        )
        self.batch_seconds = histogram(
            "batch_seconds", "Seconds one batch took.", BATCH_SECONDS_BUCKETS
        )
        self.batch_segments = histogram(
            "batch_segments", "Segments in one batch.", BATCH_SEGMENTS_BUCKETS
        )
        self.batch_fill = histogram(
            "batch_fill_ratio",
            "Share of the tokens of a batch that are not padding.",
            BATCH_FILL_BUCKETS,
        )


class ModelMetrics:
    """The metrics of one model: children of ``QueueMetrics``, with the label resolved once."""

    def __init__(self, metrics: QueueMetrics, model: str) -> None:
        self._metrics = metrics
        self.model = model
        self.queued_requests = metrics.queued_requests.labels(model)
        self.queued_tokens = metrics.queued_tokens.labels(model)
        self.segments = metrics.segments.labels(model)
        self.input_tokens = metrics.input_tokens.labels(model)
        self.output_tokens = metrics.output_tokens.labels(model)
        self.cache_hits = metrics.cache_hits.labels(model)
        self.shared = metrics.shared.labels(model)
        self.abandoned = metrics.abandoned.labels(model)
        self.failed = metrics.failed.labels(model)
        self.stalled = metrics.stalled.labels(model)
        self.retried = metrics.retried.labels(model)
        # Those of the loader too, from the start: a query of a metric without values has no data.
        metrics.reloads.labels(model)
        metrics.abandoned_engines.labels(model)
        self.padding_tokens = metrics.padding_tokens.labels(model)
        self._retried_tokens = {
            cause: metrics.retried_tokens.labels(model, cause.value) for cause in RetryCause
        }
        self._waiting = metrics.cancelled.labels(model, "waiting")
        self._computing = metrics.cancelled.labels(model, "computing")
        self._queue_wait = {
            priority: metrics.queue_wait.labels(model, priority.name.lower())
            for priority in Priority
        }
        self.expired = metrics.expired.labels(model)
        self.batch_seconds = metrics.batch_seconds.labels(model)
        self.batch_segments = metrics.batch_segments.labels(model)
        self.batch_fill = metrics.batch_fill.labels(model)

    def started(self, handle: JobHandle) -> None:
        """Record the wait of a job whose first batch starts."""
        self._queue_wait[handle.job.priority].observe(handle.queue_s, handle.span.exemplar)

    def ended(self, handle: JobHandle) -> None:
        """Count a job that was cancelled, and record its wait when none of its batches started."""
        if handle.cancelled:
            (self._computing if handle.started else self._waiting).inc()
        if not handle.started and handle.unfinished:
            self._queue_wait[handle.job.priority].observe(handle.waited_s)

    def count_retried_tokens(self, cause: RetryCause, tokens: int) -> None:
        """Count the input tokens of texts that were sent before."""
        self._retried_tokens[cause].inc(tokens)

    def record_batch(
        self,
        batch: Batch,
        outputs: Sequence[Generated],
        seconds: float,
        exemplar: dict[str, str] | None = None,
    ) -> None:
        """Count a successful batch. seconds: the time that the engine took."""
        self.segments.inc(len(outputs))
        self.input_tokens.inc(sum(output.input_tokens for output in outputs))
        self.output_tokens.inc(sum(output.output_tokens for output in outputs))
        self.padding_tokens.inc(batch.padded_tokens - batch.tokens)
        self.batch_seconds.observe(seconds, exemplar)
        self.batch_segments.observe(len(outputs))
        self.batch_fill.observe(batch.tokens / max(1, batch.padded_tokens))

    def count_tokens(self, batch: Batch) -> None:
        """Count the tokens of a batch that starts, by the first caller that waits for each."""
        tokens: Counts[str] = Counts()
        for item in batch.items:
            for handle in item.handles:
                tokens[handle.job.caller.label] += item.tokens
                break
        for label, count in tokens.items():
            self._metrics.caller_tokens.labels(label).inc(count)

    def refused(self, reason: str) -> None:
        """Count a rejected request. reason: of the error, see ``SummsvcError.reason``."""
        self._metrics.refused.labels(self.model, reason).inc()
