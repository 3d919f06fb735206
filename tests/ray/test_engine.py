"""The engine of a model in a deployment of its own: outputs, lengths, lost replicas, cancellation.

Handles are replaced by the class of the replica in this process; Ray's cluster is missing.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from ray.exceptions import RayActorError

from summsvc.config import Settings
from summsvc.engines.base import (
    CancelledGeneration,
    DecodingOptions,
    Generated,
    ModelSpec,
    Placement,
    Task,
)
from summsvc.engines.load import load, load_counter
from summsvc.errors import EngineStalledError, ModelBrokenError, TextTooLongError
from summsvc.models.conversion.convert import convert
from summsvc.models.conversion.students.convert import convert as convert_student
from summsvc.models.store.store import Store
from summsvc.ray.engine import ATTEMPTS, RemoteEngine
from summsvc.ray.model import ModelReplica
from tests.checkpoints import marian, pairs, student

GREEDY = DecodingOptions(beam_size=1)
TEXTS = [source for source, _ in pairs("en-ru")[:3]] + ["", "Žalgiris won 3:1, didn't it?"]


def _by_path(converted: Callable[[Path, Path], Any]) -> Callable[[ModelSpec, Path], Any]:
    return lambda spec, target: converted(spec.path, target)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    """A store with a converted Marian model, a student and a model of transformers."""
    store = Store(tmp_path_factory.mktemp("apart"))
    pair = [("en", "ru")]
    for id, folder, converted in (
        ("marian", marian("en-ru"), convert),
        ("student", student("en-ru"), convert_student),
    ):
        store.add(
            folder,
            id,
            Task.TRANSLATION,
            pair,
            convert=_by_path(converted),
        )
    store.add(marian("en-ru"), "hub", Task.TRANSLATION, pair)
    return store


class Response:
    """A response of Ray, which is computed in a thread. before: raises in place of a result."""

    def __init__(self, result: Future[Any], before: list[Exception]) -> None:
        self._result, self._before = result, before
        self.cancelled = False

    def result(self, timeout_s: float | None = None) -> Any:
        if self._before:
            raise self._before.pop()
        return self._result.result(timeout_s)

    def cancel(self) -> None:
        self.cancelled = True


class Handle:
    """A handle of the deployment of one model. failures: of the next calls of ``generate``."""

    def __init__(self, replica: ModelReplica) -> None:
        self.failures: list[Exception] = []
        self.responses: list[Response] = []
        self._threads = ThreadPoolExecutor(1)
        self.facts = self._method(replica.facts, [])
        self.generate = self._method(replica.generate, self.failures)

    def _method(self, call: Callable[..., Any], failures: list[Exception]) -> Any:
        def remote(*arguments: Any) -> Response:
            future = self._threads.submit(lambda: asyncio.run(call(*arguments)))
            self.responses.append(Response(future, failures))
            return self.responses[-1]

        return type("Method", (), {"remote": staticmethod(remote)})

    def close(self) -> None:
        self._threads.shutdown()


def replica(store: Store, model: str) -> ModelReplica:
    """The replica of a model, without the log of the process."""
    made = object.__new__(ModelReplica)
    made._start(Settings(model_dir=store.root, workers=1), model)
    return made


@pytest.fixture(params=["marian", "student"])
def spec(request: pytest.FixtureRequest, store: Store) -> ModelSpec:
    return store.spec(request.param)


@pytest.fixture
def handle(store: Store, spec: ModelSpec) -> Iterator[Handle]:
    made = replica(store, spec.id)
    handle = Handle(made)
    yield handle
    handle.close()
    made._threads.shutdown()


def test_outputs_lengths_and_facts_are_those_of_the_engine(spec: ModelSpec, handle: Handle) -> None:
    engine = load(spec, Placement())
    remote = RemoteEngine(spec, handle)  # type: ignore[arg-type]
    remote.warm_up()
    texts = [text for text in TEXTS if text]
    assert remote.generate(texts, "en", "ru", GREEDY) == engine.generate(texts, "en", "ru", GREEDY)
    assert remote.count_tokens(TEXTS, "en", "ru") == engine.count_tokens(TEXTS, "en", "ru")
    for fact in (
        "name",
        "device",
        "compute_type",
        "max_input_tokens",
        "aligns",
        "restricts_output",
    ):
        assert getattr(remote, fact) == getattr(engine, fact)
    with pytest.raises(TextTooLongError):
        remote.generate(["word " * 5_000], "en", "ru", GREEDY)
    remote.close()
    engine.close()


def test_a_batch_moves_to_another_replica_when_one_dies(spec: ModelSpec, handle: Handle) -> None:
    remote = RemoteEngine(spec, handle)  # type: ignore[arg-type]
    handle.failures += [RayActorError()] * (ATTEMPTS - 1)
    (output,) = remote.generate(TEXTS[:1], "en", "ru", GREEDY)
    assert output.text
    handle.failures += [RayActorError()] * ATTEMPTS
    with pytest.raises(EngineStalledError):
        remote.generate(TEXTS[:1], "en", "ru", GREEDY)


def test_a_batch_that_is_not_wanted_is_cancelled(spec: ModelSpec, handle: Handle) -> None:
    remote = RemoteEngine(spec, handle)  # type: ignore[arg-type]
    handle.failures.append(TimeoutError())
    answers = iter([False, True])
    with pytest.raises(CancelledGeneration):
        remote.generate(TEXTS[:1], "en", "ru", GREEDY, lambda: next(answers))
    assert handle.responses[-1].cancelled


async def test_a_replica_whose_batch_hangs_is_unhealthy(store: Store) -> None:
    made = replica(store, "student")
    await made.check_health()
    made._begun[object()] = -1e9
    with pytest.raises(RuntimeError, match="has not ended"):
        await made.check_health()


class BlockingEngine:
    """Computes a batch until it is released, or cancelled unless it hangs.

    active: batches at the same time.
    """

    def __init__(self) -> None:
        self.hangs = False
        self.begun = threading.Semaphore(0)
        self.released = threading.Event()
        self.texts: list[str] = []
        self.active: list[int] = [0]
        self.cancelled = 0

    def generate(
        self,
        texts: list[str],
        _source: str,
        _target: str,
        _options: DecodingOptions,
        cancelled: Callable[[], bool] = lambda: False,
    ) -> list[Generated]:
        self.texts += texts
        self.active.append(self.active[-1] + 1)
        self.begun.release()
        try:
            while not self.released.wait(0.001):
                if cancelled() and not self.hangs:
                    self.cancelled += 1
                    raise CancelledGeneration
            return [Generated(text, 0.0, 1, 1, complete=True) for text in texts]
        finally:
            self.active.append(self.active[-1] - 1)


Blocking = tuple[ModelReplica, BlockingEngine]


@pytest.fixture
def blocking(store: Store) -> Iterator[Blocking]:
    """A replica with a blocking engine, which is released at the end."""
    made, engine = replica(store, "student"), BlockingEngine()
    made._engine = engine  # type: ignore[assignment]
    yield made, engine
    engine.released.set()
    made._threads.shutdown()


async def test_a_replica_computes_at_most_one_batch_for_each_worker(
    blocking: Blocking,
) -> None:
    made, engine = blocking
    calls = [asyncio.create_task(made.generate([text], "en", "ru", GREEDY)) for text in "abc"]
    assert await asyncio.to_thread(engine.begun.acquire, timeout=10)
    assert not await asyncio.to_thread(engine.begun.acquire, timeout=0.2)
    engine.released.set()
    await asyncio.gather(*calls)
    assert engine.texts == ["a", "b", "c"]
    assert max(engine.active) == 1


async def test_a_cancelled_batch_leaves_the_engine_or_never_enters_it(blocking: Blocking) -> None:
    made, engine = blocking
    calls = [asyncio.create_task(made.generate([text], "en", "ru", GREEDY)) for text in "abc"]
    assert await asyncio.to_thread(engine.begun.acquire, timeout=10)
    for call in calls[:2]:
        call.cancel()
    assert await asyncio.to_thread(engine.begun.acquire, timeout=10)
    assert (engine.texts, engine.cancelled) == (["a", "c"], 1)
    engine.released.set()
    assert await calls[2] == [Generated("c", 0.0, 1, 1, complete=True)]
    assert not made._begun


async def test_a_batch_that_hangs_after_its_cancellation_is_noticed(blocking: Blocking) -> None:
    made, engine = blocking
    engine.hangs = True
    call = asyncio.create_task(made.generate(["a"], "en", "ru", GREEDY))
    assert await asyncio.to_thread(engine.begun.acquire, timeout=10)
    call.cancel()
    await asyncio.wait([call])
    made._hung_s = 1e-9
    with pytest.raises(RuntimeError, match="has not ended"):
        await made.check_health()


def test_a_model_of_transformers_has_no_counter_of_its_own(store: Store, tmp_path: Path) -> None:
    with pytest.raises(ModelBrokenError, match="inside the service"):
        load_counter(store.spec("hub"))
    spec = store.spec("student")
    broken = ModelSpec("x", spec.task, tmp_path, spec.architecture, spec.pairs)
    (tmp_path / "model.bin").touch()
    with pytest.raises(ModelBrokenError, match="tokenizer"):
        load_counter(broken)
