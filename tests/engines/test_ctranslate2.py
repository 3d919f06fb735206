"""CTranslate2 batches run without calling back into Python for every token."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from summsvc.engines.base import (
    CancelledGeneration,
    DecodingOptions,
    ModelSpec,
    Placement,
    Task,
)
from summsvc.engines.ctranslate2 import CTranslate2Engine
from summsvc.engines.tokenizer import ENCODE_CHUNK, SINGLE_ENCODE_MAX
from summsvc.models.conversion.convert import convert
from tests.checkpoints import marian, pairs

GREEDY = DecodingOptions(beam_size=1)


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CTranslate2Engine]:
    folder: Path = tmp_path_factory.mktemp("converted")
    convert(marian("en-ru"), folder)
    spec = ModelSpec("opus-en-ru", Task.TRANSLATION, folder, "marian", (("en", "ru"),))
    made = CTranslate2Engine(spec, Placement("cpu", "default", 1, 1))
    yield made
    made.close()


@pytest.mark.skipif(sys.platform != "linux", reason="counts threads in /proc")
def test_close_ends_the_threads_of_the_engine(tmp_path: Path) -> None:
    """An engine in a reference cycle is not freed for hours: the server rarely collects."""

    def threads() -> int:
        return len(list(Path("/proc/self/task").iterdir()))

    convert(marian("en-ru"), tmp_path)
    spec = ModelSpec("opus-en-ru", Task.TRANSLATION, tmp_path, "marian", (("en", "ru"),))
    before = threads()
    made = CTranslate2Engine(spec, Placement("cpu", "default", 2, 1))
    made.warm_up()
    assert threads() >= before + 2
    made.close()
    assert threads() <= before


def test_cancellation_checks_do_not_depend_on_token_count(
    engine: CTranslate2Engine,
) -> None:
    """Each check acquires the GIL, which text workers hold."""
    asked: list[int] = []
    for texts in (pairs("en-ru")[:1], pairs("en-ru")[:24]):
        count = 0

        def cancelled() -> bool:
            nonlocal count
            count += 1
            return False

        outputs = engine.generate([source for source, _ in texts], "en", "ru", GREEDY, cancelled)
        assert [output.text for output in outputs] == [target for _, target in texts]
        asked.append(count)
    assert asked[0] == asked[1]


@pytest.mark.parametrize("beam_size", [1, 4])
def test_cancelled_batch_is_not_started(engine: CTranslate2Engine, beam_size: int) -> None:
    options = DecodingOptions(beam_size=beam_size)
    with pytest.raises(CancelledGeneration):
        engine.generate(["Nobody was hurt."], "en", "ru", options, lambda: True)


def test_counting_a_long_article_releases_the_gil_between_chunks(engine: CTranslate2Engine) -> None:
    """The tokenizer holds the GIL for the whole of a call."""
    texts = [source for source, _ in pairs("en-ru")] * 8
    pieces = engine._tokenizer.get()
    whole = pieces._splitter
    sizes: list[int] = []

    class Watched:
        target_token_in_text = whole.target_token_in_text
        split_outputs = whole.split_outputs
        join = whole.join

        def split(self, group: Sequence[str]) -> list[list[str]]:
            sizes.append(sum(map(len, group)))
            return whole.split(group)

    pieces._splitter = Watched()
    try:
        lengths = engine.count_tokens(texts, "en", "ru")
    finally:
        pieces._splitter = whole
    assert lengths == [len(each) + 1 for each in whole.split(texts)]
    assert max(sizes) <= ENCODE_CHUNK
    assert engine.count_tokens([], "en", "ru") == []


def test_list_and_single_encoding_are_equal(engine: CTranslate2Engine) -> None:
    texts = ["", " ", "😀", *[source for source, _ in pairs("en-ru")][: 2 * SINGLE_ENCODE_MAX]]
    splitter = engine._tokenizer.get()._splitter
    assert splitter.split(texts) == [piece for text in texts for piece in splitter.split([text])]
