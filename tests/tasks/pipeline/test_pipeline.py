"""A pipeline with a scheduler on a small real engine."""

from __future__ import annotations

import asyncio

import pytest

from summsvc.errors import OverloadedError
from summsvc.scheduling.jobs import Priority
from summsvc.tasks.pipeline.decoding import DecodingRequest
from summsvc.tasks.pipeline.pipeline import Pipeline
from summsvc.tasks.pipeline.stage import Stage
from summsvc.tasks.pipeline.text_workers import TextWorkers
from tests.scheduling.reversing import ReversingEngine, scheduler, work
from tests.tasks.broken_tokenizer import FAILURES, failing_tokenizer
from tests.tasks.scripted import ScriptedEngine
from tests.tasks.scripted import pipeline as scripted_pipeline


def pipeline(stages: list[Stage], workers: TextWorkers) -> Pipeline:
    return Pipeline(
        stages,
        workers,
        decoding=DecodingRequest(),
        priority=Priority.INTERACTIVE,
        deadline=None,
        use_cache=True,
    )


async def test_a_full_queue_rejects_new_requests_but_no_retries() -> None:
    engine = ReversingEngine()
    made = scheduler(engine, batch_tokens=8, max_requests=1)
    workers = TextWorkers(1, max_title=100, max_body=100)
    stages = [Stage(made, "en", "ru")]
    accepted = pipeline(stages, workers)
    try:
        assert len(await accepted.run_all(["a first attempt"])) == 1
        engine.hold()
        handles = [made.submit(work(["hold on"]))]
        await engine.begun(2)
        handles.append(made.submit(work(["fills the queue up"])))
        with pytest.raises(OverloadedError):
            await pipeline(stages, workers).run_all(["a new request"])
        again = asyncio.create_task(accepted.run_all(["a second attempt"]))
        await asyncio.sleep(0)
        engine.release()
        assert (await again)[0].text.endswith("attempt second a")
        await asyncio.gather(*(handle.wait() for handle in handles))
    finally:
        engine.release()
        await made.close()
        workers.close()


@pytest.mark.parametrize("raised", FAILURES)
async def test_a_tokenizer_that_fails_fails_its_request_only(raised: BaseException) -> None:
    engine = ScriptedEngine(str.upper)
    async with scripted_pipeline(engine) as made:
        with failing_tokenizer(engine, raised):
            await made.run_all(["a text"])
        (output,) = await made.run_all(["a text"])
        assert output.text == "A TEXT"
