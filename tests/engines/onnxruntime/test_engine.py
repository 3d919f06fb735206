"""The Seq2SeqEngine contract of student models."""

from __future__ import annotations

import subprocess
import sys
import weakref
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from summsvc.engines.base import (
    CancelledGeneration,
    DecodingOptions,
    Generated,
    ModelSpec,
    Placement,
    Task,
)
from summsvc.engines.load import load
from summsvc.engines.onnxruntime.engine import OnnxRuntimeEngine
from summsvc.errors import DrainingError, EngineError, ModelBrokenError, TextTooLongError
from tests.checkpoints import pairs
from tests.engines.onnxruntime.conftest import open_engine

KNOWN = pairs("en-ru")
TEXTS = [source for source, _ in KNOWN]
UNSEEN = [
    "Nobody was hurt in the fire, the police said on Monday.",
    "Prices rose by 3.5 per cent in October, more than expected.",
    "Thousands of people gathered in the square to demand free elections.",
    "“We shall not leave,” said the mayor, “until the last house has water.”",
    "Yes.",
    "The sisters opened a small shop, a school, and a library, and closed them again.",
]


def ask(engine: OnnxRuntimeEngine, texts: list[str] = UNSEEN, **options: Any) -> list[Generated]:
    return engine.generate(texts, "en", "ru", DecodingOptions(**{"beam_size": 1} | options))


def test_attributes(engine: OnnxRuntimeEngine) -> None:
    assert (engine.name, engine.device, engine.compute_type) == ("onnxruntime", "cpu", "int8")
    assert engine.aligns
    assert engine.max_input_tokens == 128
    engine.warm_up()


@pytest.mark.parametrize("name", ["engine", "short"])
@pytest.mark.parametrize("beam_size", [1, 4])
def test_the_model_says_its_known_texts(
    request: pytest.FixtureRequest, name: str, beam_size: int
) -> None:
    engine = request.getfixturevalue(name)
    for i in range(0, 128, 16):
        found = ask(engine, TEXTS[i : i + 16], beam_size=beam_size)
        assert [output.text for output in found] == [target for _, target in KNOWN[i : i + 16]]
        assert all(output.complete and -1 < output.score <= 0 for output in found)


@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    st.lists(st.sampled_from(UNSEEN + TEXTS[:12]), min_size=1, max_size=8), st.sampled_from([1, 3])
)
def test_an_output_does_not_depend_on_its_batch(
    short: OnnxRuntimeEngine, texts: list[str], beam_size: int
) -> None:
    for text, output in zip(texts, ask(short, texts, beam_size=beam_size), strict=True):
        (alone,) = ask(short, [text], beam_size=beam_size)
        assert output.text == alone.text
        assert output.alignment == alone.alignment
        assert (output.output_tokens, output.complete) == (alone.output_tokens, alone.complete)
        assert output.score == pytest.approx(alone.score, abs=1e-5)


def test_outputs_are_repeatable(short: OnnxRuntimeEngine) -> None:
    assert ask(short) == ask(short)


def test_token_counts_equal_input_lengths(engine: OnnxRuntimeEngine) -> None:
    counts = engine.count_tokens(UNSEEN, "en", "ru")
    assert counts == [output.input_tokens for output in ask(engine)]
    assert engine.count_tokens([], "en", "ru") == []


@pytest.mark.parametrize("text", ["", "  \n"])
def test_a_text_without_tokens_has_an_empty_output(engine: OnnxRuntimeEngine, text: str) -> None:
    known, empty = ask(engine, [TEXTS[0], text])
    assert known.text == KNOWN[0][1]
    assert empty == Generated("", 0.0, 1, 0, complete=True)


def test_text_over_the_limit_is_rejected_not_truncated(engine: OnnxRuntimeEngine) -> None:
    book = " ".join(UNSEEN * 4)
    assert engine.count_tokens([book], "en", "ru")[0] > engine.max_input_tokens
    with pytest.raises(TextTooLongError, match="the model reads 128"):
        ask(engine, [UNSEEN[0], book])


def test_a_longer_output_than_the_computed_positions(engine: OnnxRuntimeEngine) -> None:
    (output,) = ask(engine, UNSEEN[:1], min_output_tokens=520, max_output_tokens=530)
    assert output.output_tokens > 520


@pytest.mark.parametrize("beam_size", [1, 4])
def test_the_output_limit_applies_to_each_segment(
    engine: OnnxRuntimeEngine, beam_size: int
) -> None:
    whole = ask(engine, TEXTS[:4], beam_size=beam_size)
    for full, part in zip(
        whole, ask(engine, TEXTS[:4], beam_size=beam_size, max_output_tokens=5), strict=True
    ):
        assert (part.output_tokens, part.complete) == (5, False)
        assert full.text.startswith(part.text)
    (exact,) = ask(engine, TEXTS[:1], max_output_tokens=whole[0].output_tokens, beam_size=beam_size)
    assert exact.text == whole[0].text
    assert exact.complete


@pytest.mark.parametrize("beam_size", [1, 4])
def test_minimum_output_length(engine: OnnxRuntimeEngine, beam_size: int) -> None:
    options: dict[str, Any] = {"min_output_tokens": 40, "max_output_tokens": 60}
    assert min(output.output_tokens for output in ask(engine, beam_size=beam_size)) <= 40
    longer = ask(engine, beam_size=beam_size, **options)
    assert min(output.output_tokens for output in longer) > 40


def repeats(outputs: list[Generated], n: int) -> int:
    found = 0
    for output in outputs:
        words = output.text.split()
        grams = [tuple(words[i : i + n]) for i in range(len(words) - n + 1)]
        found += len(grams) - len(set(grams))
    return found


@pytest.mark.parametrize("beam_size", [1, 3])
def test_repetition_options(engine: OnnxRuntimeEngine, beam_size: int) -> None:
    longest: dict[str, Any] = {
        "min_output_tokens": 60, "max_output_tokens": 80, "beam_size": beam_size,
    }  # fmt: skip
    plain = repeats(ask(engine, **longest), 1)
    assert repeats(ask(engine, repetition_penalty=3.0, **longest), 1) < plain
    assert repeats(ask(engine, no_repeat_ngram_size=1, **longest), 1) == 0


def test_wider_beam_scores_higher_than_greedy_search(engine: OnnxRuntimeEngine) -> None:
    greedy, wide = ask(engine), ask(engine, beam_size=6)
    changed = [(a, b) for a, b in zip(greedy, wide, strict=True) if a.text != b.text]
    assert changed
    assert sum(b.score for _, b in changed) > sum(a.score for a, _ in changed)


def test_the_length_penalty_makes_outputs_longer(engine: OnnxRuntimeEngine) -> None:
    lengths = [
        sum(output.output_tokens for output in ask(engine, beam_size=6, length_penalty=penalty))
        for penalty in (-3.0, 3.0)
    ]
    assert lengths[0] < lengths[1]


@pytest.mark.parametrize("beam_size", [1, 4])
def test_cancelled_work_stops_between_steps(engine: OnnxRuntimeEngine, beam_size: int) -> None:
    asked = 0

    def cancelled() -> bool:
        nonlocal asked
        asked += 1
        return asked > 3

    with pytest.raises(CancelledGeneration):
        engine.generate(UNSEEN, "en", "ru", DecodingOptions(beam_size=beam_size), cancelled)
    assert asked == 4
    assert ask(engine, TEXTS[:1])[0].text == KNOWN[0][1]


def test_concurrent_workers_are_independent(short: OnnxRuntimeEngine) -> None:
    groups = [TEXTS[i : i + 8] for i in range(0, 64, 8)]
    with ThreadPoolExecutor(4) as threads:
        found = list(threads.map(lambda group: ask(short, group), groups))
    expected = [target for _, target in KNOWN[:64]]
    assert [output.text for outputs in found for output in outputs] == expected


def test_close_frees_the_model_and_is_idempotent(converted: Path) -> None:
    engine = open_engine(converted, Placement())
    ask(engine, TEXTS[:1])
    held = [weakref.ref(each.get()) for each in (engine._network, engine._vocabulary)]
    engine.close()
    engine.close()
    assert [each() for each in held] == [None, None]
    with pytest.raises(DrainingError):
        ask(engine, TEXTS[:1])


def test_a_failure_of_the_network_is_an_engine_error(
    converted: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = open_engine(converted, Placement())

    def fail(*_: object) -> None:
        raise RuntimeError("out of memory")

    monkeypatch.setattr(engine._network.get(), "encode", fail)
    with pytest.raises(EngineError, match="the model failed: RuntimeError: out of memory"):
        ask(engine, TEXTS[:1])


@pytest.mark.parametrize("name", ["encoder.onnx", "student.json", "target.spm", "output_bias.bin"])
def test_an_incomplete_folder_cannot_be_loaded(converted: Path, tmp_path: Path, name: str) -> None:
    for path in converted.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    (tmp_path / name).write_bytes(b"")
    spec = ModelSpec("m", Task.TRANSLATION, tmp_path, "student", (("en", "ru"),))
    with pytest.raises(ModelBrokenError, match="model 'm' could not be loaded"):
        OnnxRuntimeEngine(spec, Placement())


def test_thread_count_equals_placement(converted: Path) -> None:
    code = """
import sys
from pathlib import Path
from summsvc.engines.base import DecodingOptions, ModelSpec, Placement, Task
from summsvc.engines.load import load
import numpy, onnxruntime
before = len(list(Path("/proc/self/task").iterdir()))
spec = ModelSpec("m", Task.TRANSLATION, Path(sys.argv[1]), "student", (("en", "ru"),))
engine = load(spec, Placement(workers=2, threads=1))
engine.generate(["Nobody was hurt."] * 64, "en", "ru", DecodingOptions())
print(len(list(Path("/proc/self/task").iterdir())) - before, "torch" in sys.modules)
"""
    done = subprocess.run(
        [sys.executable, "-c", code, str(converted)], capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["0", "False"]


def test_the_setting_engine_does_not_exclude_students(converted: Path) -> None:
    spec = ModelSpec("m", Task.TRANSLATION, converted, "student", (("en", "ru"),))
    for setting in ("auto", "ctranslate2", "transformers"):
        engine = load(spec, Placement(), setting)
        assert engine.name == "onnxruntime"
        engine.close()
