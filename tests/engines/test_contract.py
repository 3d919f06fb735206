"""The Seq2SeqEngine contract, for both engines on one checkpoint and its float32 conversion."""

from __future__ import annotations

import gc
import itertools
import shutil
import subprocess
import sys
import weakref
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from summsvc.engines.base import (
    CancelledGeneration,
    DecodingOptions,
    Generated,
    ModelSpec,
    Placement,
    Seq2SeqEngine,
    Task,
)
from summsvc.engines.load import load
from summsvc.errors import DrainingError, ModelBrokenError, TextTooLongError
from summsvc.models.conversion.convert import convert
from tests.checkpoints import marian, pairs

ENGINES = ("ctranslate2", "transformers")
GREEDY = DecodingOptions(beam_size=1)
KNOWN = pairs("en-ru")
TEXTS = [source for source, _ in KNOWN]
UNKNOWN = [
    "Nobody was hurt in the fire, the police said on Monday.",
    "Prices rose by 3.5 per cent in October, more than the central bank had expected.",
    "Thousands of people gathered in the square to demand free elections.",
    "“We shall not leave,” said the mayor, “until the last house has light and water.”",
    "He was born in 1975 and has lived in the capital since his studies.",
    "The sisters opened a small shop, a school, and a library, and closed them again.",
]
"""The model hesitates on these, so that options show."""


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    converted = tmp_path_factory.mktemp("converted")
    convert(marian("en-ru"), converted, quantization="float32")
    return {"ctranslate2": converted, "transformers": marian("en-ru")}


def loaded(folder: Path, placement: Placement | None = None) -> Any:
    spec = ModelSpec("opus-en-ru", Task.TRANSLATION, folder, "marian", (("en", "ru"),))
    return load(spec, placement or Placement())


@pytest.fixture(scope="module")
def both(folders: dict[str, Path]) -> Iterator[dict[str, Seq2SeqEngine]]:
    engines = {name: loaded(folders[name]) for name in ENGINES}
    yield engines
    for engine in engines.values():
        engine.close()


@pytest.fixture(params=ENGINES)
def engine(both: dict[str, Seq2SeqEngine], request: pytest.FixtureRequest) -> Seq2SeqEngine:
    return both[request.param]


def ask(engine: Seq2SeqEngine, texts: list[str] = UNKNOWN, **options: Any) -> list[Generated]:
    return engine.generate(texts, "en", "ru", DecodingOptions(**{"beam_size": 1} | options))


def tokens(outputs: list[Generated]) -> int:
    return sum(output.output_tokens for output in outputs)


def repeats(outputs: list[Generated]) -> int:
    """Pairs of adjacent words that an output has more than once."""
    found = 0
    for output in outputs:
        neighbours = list(itertools.pairwise(output.text.split()))
        found += len(neighbours) - len(set(neighbours))
    return found


def test_engine_attributes(engine: Seq2SeqEngine) -> None:
    assert engine.name in ENGINES
    assert (engine.device, engine.compute_type) == ("cpu", "float32")
    assert engine.max_input_tokens == 128
    engine.warm_up()


@pytest.mark.parametrize("options", [GREEDY, DecodingOptions(beam_size=4)], ids=["greedy", "beam"])
def test_engines_agree_on_texts_scores_and_token_counts(
    both: dict[str, Seq2SeqEngine], options: DecodingOptions
) -> None:
    compared = 0
    for i in range(0, len(TEXTS), 32):
        texts = TEXTS[i : i + 32]
        one, other = (both[name].generate(texts, "en", "ru", options) for name in ENGINES)
        for mine, reference in zip(one, other, strict=True):
            assert (mine.text, mine.input_tokens, mine.output_tokens, mine.complete) == (
                reference.text,
                reference.input_tokens,
                reference.output_tokens,
                reference.complete,
            )
            assert mine.score == pytest.approx(reference.score, abs=1e-3)
            compared += 1
    assert compared >= 100


def test_engines_agree_on_uncertain_outputs(both: dict[str, Seq2SeqEngine]) -> None:
    one, other = (ask(both[name]) for name in ENGINES)
    for mine, reference in zip(one, other, strict=True):
        assert mine.text == reference.text
        assert mine.score == pytest.approx(reference.score, abs=1e-3)
        assert mine.score < -1e-3


@pytest.mark.parametrize(
    "options",
    [{"repetition_penalty": 1.5}, {"no_repeat_ngram_size": 2}, {"max_output_tokens": 7},
     {"min_output_tokens": 40, "max_output_tokens": 50}],
    ids=lambda options: next(iter(options)),
)  # fmt: skip
def test_options_have_the_same_effect_in_both_engines(
    both: dict[str, Seq2SeqEngine], options: dict[str, Any]
) -> None:
    one, other = (ask(both[name], **options) for name in ENGINES)
    assert [(mine.text, mine.output_tokens) for mine in one] == [
        (reference.text, reference.output_tokens) for reference in other
    ]


def test_batch_outputs_equal_single_outputs(engine: Seq2SeqEngine) -> None:
    alone = [ask(engine, [text])[0] for text in UNKNOWN]
    min_group = ask(engine)
    assert [output.text for output in min_group] == [output.text for output in alone]
    assert [output.score for output in min_group] == pytest.approx(
        [output.score for output in alone], abs=1e-3
    )


def test_token_counts_equal_input_lengths(engine: Seq2SeqEngine) -> None:
    counts = engine.count_tokens(UNKNOWN, "en", "ru")
    assert counts == [output.input_tokens for output in ask(engine)]
    assert engine.count_tokens([], "en", "ru") == []


def test_wider_beam_scores_higher_than_greedy_search(engine: Seq2SeqEngine) -> None:
    greedy, wide = ask(engine), ask(engine, beam_size=6)
    changed = [(a, b) for a, b in zip(greedy, wide, strict=True) if a.text != b.text]
    assert changed
    assert sum(b.score for _, b in changed) > sum(a.score for a, _ in changed)


def test_the_length_penalty_makes_outputs_longer(engine: Seq2SeqEngine) -> None:
    short = ask(engine, beam_size=6, length_penalty=-3.0)
    long = ask(engine, beam_size=6, length_penalty=3.0)
    assert tokens(short) < tokens(long)


def test_repetition_options_reduce_repetition(engine: Seq2SeqEngine) -> None:
    """A model that may not generate the end marker begins to repeat itself."""
    longest: dict[str, Any] = {"min_output_tokens": 60, "max_output_tokens": 80}
    plain = repeats(ask(engine, **longest))
    assert repeats(ask(engine, repetition_penalty=3.0, **longest)) < plain
    assert repeats(ask(engine, no_repeat_ngram_size=2, **longest)) == 0


def test_output_at_the_limit_is_marked_incomplete(engine: Seq2SeqEngine) -> None:
    whole, cut = ask(engine), ask(engine, max_output_tokens=5)
    for full, part in zip(whole, cut, strict=True):
        assert (part.output_tokens, part.complete) == (5, False)
        assert full.text.startswith(part.text)
    (known,) = ask(engine, TEXTS[:1])
    (exact,) = ask(engine, TEXTS[:1], max_output_tokens=known.output_tokens)
    assert exact == known
    assert exact.complete


def test_minimum_output_length(engine: Seq2SeqEngine) -> None:
    longer = ask(engine, min_output_tokens=60, max_output_tokens=80)
    assert min(output.output_tokens for output in ask(engine)) < 60
    assert min(output.output_tokens for output in longer) > 60


def test_text_over_the_limit_is_rejected_not_truncated(engine: Seq2SeqEngine) -> None:
    book = " ".join(UNKNOWN * 4)
    assert engine.count_tokens([book], "en", "ru")[0] > engine.max_input_tokens
    with pytest.raises(TextTooLongError, match="the model reads 128"):
        ask(engine, [UNKNOWN[0], book])


@pytest.mark.parametrize("after", [0, 1])
@pytest.mark.parametrize("beam_size", [1, 4])
def test_cancelled_work_stops_and_the_next_call_succeeds(
    engine: Seq2SeqEngine, after: int, beam_size: int
) -> None:
    asked = 0

    def cancelled() -> bool:
        nonlocal asked
        asked += 1
        return asked > after

    options = DecodingOptions(beam_size=beam_size)
    with pytest.raises(CancelledGeneration):
        engine.generate(UNKNOWN, "en", "ru", options, cancelled)
    assert asked == after + 1
    assert ask(engine, TEXTS[:1])[0].text == KNOWN[0][1]


def test_transformers_stops_between_decoding_steps(both: dict[str, Seq2SeqEngine]) -> None:
    """CTranslate2 stops between batches; a check at every token would halve its speed."""
    asked = 0

    def never() -> bool:
        nonlocal asked
        asked += 1
        return False

    outputs = both["transformers"].generate(UNKNOWN, "en", "ru", GREEDY, never)
    assert asked == max(output.output_tokens for output in outputs)


def test_concurrent_workers_are_independent(engine: Seq2SeqEngine) -> None:
    groups = [TEXTS[i : i + 8] for i in range(0, 64, 8)]
    with ThreadPoolExecutor(4) as threads:
        found = list(threads.map(lambda group: ask(engine, group), groups))
    expected = [target for _, target in KNOWN[:64]]
    assert [output.text for outputs in found for output in outputs] == expected


@pytest.mark.parametrize("name", ENGINES)
def test_a_loaded_model_reads_no_more_files(
    folders: dict[str, Path], tmp_path: Path, name: str
) -> None:
    """Its folder may be removed, or replaced by another model, while calls are under way."""
    folder = tmp_path / "model"
    shutil.copytree(folders[name], folder)
    engine = loaded(folder)
    shutil.rmtree(folder)
    with ThreadPoolExecutor(1) as other:
        assert other.submit(engine.count_tokens, TEXTS[:1], "en", "ru").result()[0] > 2
        (output,) = other.submit(ask, engine, TEXTS[:1]).result()
    assert output.text == KNOWN[0][1]
    engine.close()


@pytest.mark.parametrize("name", ENGINES)
def test_close_frees_the_model_and_is_idempotent(folders: dict[str, Path], name: str) -> None:
    engine = loaded(folders[name])
    held: Callable[[], object]
    if name == "transformers":
        held = weakref.ref(engine._model)
    else:
        translator = engine._translator

        def held() -> object:
            return translator.model_is_loaded or None

    assert held() is not None
    # Repeated, since CTranslate2 still counts a batch as running for a moment after it.
    for _ in range(20):
        ask(engine, TEXTS[:1])
    tokenizer = weakref.ref(engine._tokenizer.get())
    engine.close()
    engine.close()
    assert tokenizer() is None
    gc.collect()
    assert held() is None
    with pytest.raises(DrainingError):
        ask(engine, TEXTS[:1])


@pytest.mark.parametrize("name", ENGINES)
def test_thread_count_equals_placement(folders: dict[str, Path], name: str) -> None:
    """Runs in a subprocess, since torch's number of threads applies to the whole process."""
    code = """
import sys, threading
from pathlib import Path
from summsvc.engines.base import DecodingOptions, ModelSpec, Placement, Task
from summsvc.engines.load import load
spec = ModelSpec("m", Task.TRANSLATION, Path(sys.argv[1]), "marian", (("en", "ru"),))
engine = load(spec, Placement(workers=2, threads=1))
if engine.name == "transformers":
    import torch
    print(torch.get_num_threads(), "thread")
else:
    print(engine._translator.num_translators, "workers")
engine.generate(["Nobody was hurt."] * 64, "en", "ru", DecodingOptions())
print(len(list(Path("/proc/self/task").iterdir())))
"""
    done = subprocess.run(
        [sys.executable, "-c", code, str(folders[name])],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    said, running = done.stdout.splitlines()
    assert said == ("1 thread" if name == "transformers" else "2 workers")
    # The main thread and the workers, but not one thread per core of a large machine.
    assert int(running) <= 4


def test_unsupported_compute_type_falls_back_or_is_rejected(tmp_path: Path) -> None:
    import ctranslate2

    supported = ctranslate2.get_supported_compute_types("cpu")
    convert(marian("en-ru"), tmp_path, quantization="float16")
    engine = loaded(tmp_path)
    assert engine.compute_type in supported
    assert ask(engine, TEXTS[:1])[0].text == KNOWN[0][1]
    engine.close()
    for wanted in {"float16", "bfloat16"} - supported:
        with pytest.raises(
            ModelBrokenError,
            match=f"does not support the configured compute_type {wanted}.*float32",
        ):
            loaded(tmp_path, Placement(compute_type=wanted))
