"""What the queues say about themselves."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

_SECONDS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60)
_SIZES = (1, 2, 4, 8, 16, 32, 64, 128, 256)


class QueueMetrics:
    """Metrics of all queues of a process, by model."""

    def __init__(self, registry: CollectorRegistry) -> None:
        def gauge(name: str, text: str) -> Gauge:
            return Gauge(f"summsvc_{name}", text, ["model"], registry=registry)

        def counter(name: str, text: str) -> Counter:
            return Counter(f"summsvc_{name}", text, ["model"], registry=registry)

        self.queued_requests = gauge("queued_requests", "Requests with segments waiting.")
        self.queued_tokens = gauge("queued_tokens", "Tokens of segments waiting.")
        self.segments = counter("segments", "Segments computed.")
        self.input_tokens = counter("input_tokens", "Tokens that went into the model.")
        self.output_tokens = counter("output_tokens", "Tokens that came out of the model.")
        self.cache_hits = counter("cache_hits", "Segments answered from the cache.")
        self.shared = counter("shared_segments", "Segments answered by one already in flight.")
        self.abandoned = counter("abandoned_segments", "Segments dropped: nobody waited any more.")
        self.refused = counter("refused_requests", "Requests refused at admission.")
        self.loaded = gauge("model_loaded", "1 while the model is in memory.")
        self.batch_seconds = Histogram(
            "summsvc_batch_seconds",
            "Seconds one batch took.",
            ["model"],
            buckets=_SECONDS,
            registry=registry,
        )
        self.batch_segments = Histogram(
            "summsvc_batch_segments",
            "Segments in one batch.",
            ["model"],
            buckets=_SIZES,
            registry=registry,
        )
