"""Settings of batches, queues, the cache of outputs and threads."""

from __future__ import annotations

from pydantic import BaseModel, Field

from summsvc.config.values import Int32, Int64

CPU_SEQUENCES = 48
"""Default of batch_sequences on a CPU; smaller and much larger batches cost more per sequence
(measured by `bench.speed.sizes`)."""


class SchedulingSettings(BaseModel):
    """Settings of batches, queues, the cache of outputs and threads."""

    batch_tokens: int = Field(
        default=4096,
        ge=16,
        description="Maximum tokens in one batch: longest segment x segments x beams.",
    )
    batch_sequences: int = Field(
        default=0,
        ge=0,
        description="Maximum sequences in one batch: segments x beams; "
        f"0: {CPU_SEQUENCES} on a CPU, limited by batch_tokens alone on a GPU.",
    )
    batch_target_ms: float = Field(
        default=2000,
        gt=0,
        le=600_000,
        description="Target duration of a batch in milliseconds, by the measured speed; lower "
        "values shorten waiting times, higher values raise throughput.",
    )
    batch_wait_ms: float = Field(
        default=2.0,
        ge=0,
        le=1000,
        description="Milliseconds that a busy worker waits, per caller that it has just answered, "
        "for further requests of these callers to fill its next batch; at most a tenth of the "
        "duration of its last batch.",
    )
    hung_batch_s: float = Field(
        default=30,
        ge=0,
        description="Minimum seconds after which a batch counts as hung. The calls of a hung "
        "batch fail, and its worker continues in another thread; when as many batches hang at "
        "once as the model has workers, the model is reloaded. 0: batches never count as hung.",
    )
    hung_batch_factor: float = Field(
        default=10,
        ge=2,
        description="A batch counts as hung when it takes longer than hung_batch_s and longer "
        "than this factor times its estimated maximum duration: maximum decoding steps times the "
        "measured time per step, in proportion to segments x beams. For the two segments that "
        "a model computes when it is loaded, the limit is this factor times hung_batch_s each.",
    )
    max_queued_requests: Int32 = Field(
        default=1024,
        ge=1,
        description="Maximum requests queued per model, and maximum articles queued for "
        "segmentation; divided among the callers that have queued requests.",
    )
    max_pending_calls: Int32 = Field(
        default=10_000,
        ge=1,
        description="Maximum calls per method queued in the transport; gRPC rejects further calls "
        "immediately as CANCELLED, without details. Lower it for a model so small that the "
        "handling of calls is the main load, see docs/how-to/tune-throughput.md.",
    )
    max_streams_per_connection: Int32 = Field(
        default=100,
        ge=1,
        description="Maximum concurrent calls per connection; clients queue further calls "
        "locally until a call ends. The default is the least value that RFC 9113, section 6.5.2, "
        "recommends.",
    )
    max_queued_tokens: Int64 = Field(
        default=1_000_000, ge=1, description="Maximum tokens queued per model."
    )
    max_wait_s: float = Field(
        default=600,
        gt=0,
        description="Maximum queueing time in seconds, estimated by the measured speed, of a call "
        "without a deadline; a call that would wait longer is rejected.",
    )
    max_queued_code_points: Int64 = Field(
        default=10_000_000,
        ge=1,
        description="Maximum code points of articles queued for segmentation, counted "
        "separately for long articles and for all others.",
    )
    cache_bytes: int = Field(
        default=64 * 1024 * 1024,
        ge=0,
        description="Maximum bytes of cached model outputs; 0: no cache.",
    )
    text_threads: int = Field(
        default=1,
        ge=1,
        le=256,
        description="Threads for cleaning, segmentation and ranking; half as many additional "
        "threads, at least one, serve long articles only. Python computes in one thread at a "
        "time, so more of them add no throughput; they share it among more articles at once.",
    )
