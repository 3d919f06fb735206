"""Outputs of real models are independent of the batch that a segment is in."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Iterator

import pytest
from prometheus_client import CollectorRegistry

from summsvc.engines.base import DecodingOptions, ModelSpec, Placement, Seq2SeqEngine, Task
from summsvc.engines.load import load
from summsvc.models.conversion.convert import convert
from summsvc.scheduling.admission.admission import QueueLimits
from summsvc.scheduling.batch_size import BatchSizer, Budget
from summsvc.scheduling.cache import OutputCache
from summsvc.scheduling.jobs import Job, Outcome
from summsvc.scheduling.metrics import QueueMetrics
from summsvc.scheduling.scheduler import Scheduler
from tests.checkpoints import marian, pairs

SCORE_TOLERANCE = {"float32": 1e-5, "int8": 5e-3}
"""Largest difference of the mean log-probability: additions have another order, and with int8 an
activation may be rounded the other way."""


@pytest.fixture(scope="module", params=["ctranslate2-int8", "ctranslate2-float32", "transformers"])
def engine(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Seq2SeqEngine]:
    name, _, compute_type = request.param.partition("-")
    folder = marian("en-ru")
    if name == "ctranslate2":
        converted = tmp_path_factory.mktemp("converted")
        convert(folder, converted, quantization=compute_type)
        folder = converted
    spec = ModelSpec("opus-en-ru", Task.TRANSLATION, folder, "marian", (("en", "ru"),))
    made = load(spec, Placement("cpu", compute_type or "default", 2, 1), name)
    yield made
    made.close()


def texts() -> list[str]:
    """Sentences from the training data, and random words in sequences of all lengths."""
    chosen = random.Random(5)
    known = [source for source, _ in pairs("en-ru")][:40]
    words = sorted({word for text in known for word in text.split()})
    salad = [" ".join(chosen.choices(words, k=1 + i % 24)) for i in range(48)]
    return known + salad


async def outcomes(
    engine: Seq2SeqEngine, requests: list[list[str]], batch_tokens: int, beam_size: int
) -> dict[str, Outcome]:
    scheduler = Scheduler(
        engine,
        workers=2,
        limits=QueueLimits(1000, 1_000_000),
        batch_sizer=BatchSizer(limit=Budget(batch_tokens, 1000), target_s=1e9),
        batch_wait_s=0.0,
        cache=OutputCache(0),
        metrics=QueueMetrics(CollectorRegistry()),
    )
    options = DecodingOptions(beam_size=beam_size)
    handles = [
        scheduler.submit(
            Job(request, engine.count_tokens(request, "en", "ru"), "en", "ru", options)
        )
        for request in requests
    ]
    gathered = await asyncio.gather(*(handle.wait() for handle in handles))
    engine_closes, engine.close = engine.close, lambda: None  # type: ignore[method-assign]
    await scheduler.close()
    engine.close = engine_closes  # type: ignore[method-assign]
    return {
        text: outcome
        for request, done in zip(requests, gathered, strict=True)
        for text, outcome in zip(request, done, strict=True)
    }


@pytest.mark.parametrize("beam_size", [1, 4])
async def test_outputs_are_independent_of_the_batch(engine: Seq2SeqEngine, beam_size: int) -> None:
    everything = texts()
    alone = await outcomes(engine, [[text] for text in everything], 1, beam_size)
    random.Random(beam_size).shuffle(everything)
    requests = [everything[i : i + 11] for i in range(0, len(everything), 11)]
    min_group = await outcomes(engine, requests, 4096, beam_size)
    tolerance = SCORE_TOLERANCE["int8" if "int8" in engine.compute_type else "float32"]
    for text, outcome in min_group.items():
        assert outcome.generated.text == alone[text].generated.text
        assert outcome.generated.complete == alone[text].generated.complete
        assert outcome.generated.score == pytest.approx(alone[text].generated.score, abs=tolerance)
    for source, target in pairs("en-ru")[:40]:
        assert min_group[source].generated.text == target
