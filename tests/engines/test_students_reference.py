"""Student models: known texts, comparison with an independent engine, and word alignment."""

from __future__ import annotations

import platform
import random
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from summsvc.engines.base import DecodingOptions, Generated, ModelSpec, Placement, Task
from summsvc.engines.limits import output_limit
from summsvc.engines.load import load
from summsvc.engines.onnxruntime.vocabulary import Vocabulary
from summsvc.models.conversion.students.convert import convert
from tests.checkpoints import news, pairs, split_student, student
from tests.checkpoints.student import split_pairs
from tests.engines import independent
from tests.models.conversion.students import reference

GREEDY = DecodingOptions(beam_size=1)
BATCH = 32
STUDENTS = {
    "en-ru": (student, pairs),
    "en-lt": (student, pairs),
    "split en-ru": (split_student, split_pairs),
}
EQUAL = 0.97
"""Least share of unseen texts with the same output as the independent engine's."""


class Model:
    """A published student and its conversion."""

    def __init__(self, name: str, converted: Path) -> None:
        self.pair = name.split()[-1]
        build, known = STUDENTS[name]
        self.published = build(self.pair)
        self.known = known(self.pair)
        self.converted = converted
        convert(self.published, converted)

    def generate(self, texts: Sequence[str], *, shortlist: bool) -> list[Generated]:
        source, target = self.pair.split("-")
        spec = ModelSpec("m", Task.TRANSLATION, self.converted, "student", ((source, target),))
        engine = load(spec, Placement(shortlist=shortlist))
        batches = [texts[i : i + BATCH] for i in range(0, len(texts), BATCH)]
        found = [
            each for batch in batches for each in engine.generate(batch, source, target, GREEDY)
        ]
        engine.close()
        return found

    def unseen(self) -> list[str]:
        """200 known sentences with other cities, which the student was not trained on."""
        known = [source for source, _ in self.known]
        cities = [row[0] for row in news.CITIES]
        changed = {
            source.replace(city, other)
            for source in known[-200:]
            for city in cities
            for other in cities
        }
        return random.Random(3).sample(sorted(changed.difference(known)), 200)

    def nonsense(self) -> list[str]:
        """Random words of the known sentences."""
        chooser = random.Random(3)
        words = [word for source, _ in self.known for word in source.split()]
        return [" ".join(chooser.choices(words, k=chooser.randint(3, 10))) for _ in range(30)]


@pytest.fixture(scope="module", params=list(STUDENTS))
def model(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Model:
    return Model(request.param, tmp_path_factory.mktemp("converted"))


@pytest.mark.parametrize("shortlist", [False, True])
def test_known_texts_are_said_token_for_token(model: Model, shortlist: bool) -> None:
    sources = [source for source, _ in model.known]
    targets = [target for _, target in model.known]
    assert [each.text for each in model.generate(sources, shortlist=shortlist)] == targets
    assert independent.translate(model.published, sources, shortlist=shortlist) == targets


@pytest.mark.parametrize("shortlist", [False, True])
def test_unseen_texts_equal_the_independent_engine(model: Model, shortlist: bool) -> None:
    texts = model.unseen()
    outputs = model.generate(texts, shortlist=shortlist)
    expected = independent.translate(model.published, texts, shortlist=shortlist)
    same = sum(one.text == other for one, other in zip(outputs, expected, strict=True))
    assert same >= EQUAL * len(texts)


@pytest.mark.skipif(platform.machine() not in ("x86_64", "AMD64"), reason="it uses AVX2 there")
def test_other_differences_are_sums_of_16_bits_in_the_independent_engine(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    model = Model("en-ru", tmp_path)
    texts = model.nonsense()
    outputs = [each.text for each in model.generate(texts, shortlist=False)]
    expected = independent.translate(model.published, texts, shortlist=False)
    exact = _greedy(model, texts, lambda tokens: output_limit(0, tokens, None, 0))
    monkeypatch.setattr(reference, "_product", _saturating_product)
    saturating = _greedy(model, texts, lambda tokens: 2 * tokens + 4)
    # The model is uncertain of these texts, so that any other error would change outputs.
    assert _equal(exact, saturating) < 0.9 * len(texts)
    assert _equal(outputs, exact) >= 0.95 * len(texts)
    assert _equal(expected, saturating) >= 0.95 * len(texts)


def _greedy(model: Model, texts: Sequence[str], limit: Callable[[int], int]) -> list[str]:
    network = reference.Reference(next(model.published.glob("model.*")))
    vocabulary = Vocabulary(model.converted / "source.spm", model.converted / "target.spm")
    found = []
    for ids in vocabulary.encode(texts):
        output = network.greedy(ids, limit(len(ids)))
        found.append(vocabulary.decode([token for token in output.ids if token]).strip())
    return found


def _saturating_product(
    x: reference.Floats, matrix: NDArray[np.int8], multiplier: float, other: float
) -> reference.Floats:
    """As AVX2's vpmaddubsw: inputs made positive, pairs of products added in 16 bits."""
    integers = np.clip(np.rint(x * np.float32(multiplier)), -127, 127).astype(np.int32) + 127
    weights = matrix.astype(np.int32)
    two = integers[:, 0::2, None] * weights[0::2] + integers[:, 1::2, None] * weights[1::2]
    sums = np.clip(two, -(2**15), 2**15 - 1).sum(axis=1) - 127 * weights.sum(axis=0)
    return np.asarray(sums / (multiplier * other), np.float32)


def _equal(one: Sequence[str], other: Sequence[str]) -> int:
    return sum(a == b for a, b in zip(one, other, strict=True))


FORMS = {
    "en-ru": {row[0]: row[1:3] for row in (*news.PEOPLE, *news.CITIES)}
    | {row[0]: row[1:2] for row in news.DAYS},
    "en-lt": {row[0]: row[3:5] for row in (*news.PEOPLE, *news.CITIES)}
    | {row[0]: row[2:3] for row in news.DAYS},
}
"""English words and their forms in the translations."""


@pytest.mark.parametrize("pair", ["en-ru", "en-lt"])
def test_words_are_aligned_with_their_translations(pair: str, tmp_path: Path) -> None:
    model = Model(pair, tmp_path)
    right = total = 0
    sources = [source for source, _ in model.known]
    for source, output in zip(sources, model.generate(sources, shortlist=True), strict=True):
        for word, forms in FORMS[pair].items():
            if source.count(word) != 1:
                continue
            start = source.index(word)
            for form in forms:
                place = output.text.lower().find(form.lower())
                if place < 0:
                    continue
                linked = [
                    start <= span.source_start < start + len(word)
                    for span in output.alignment
                    if place <= span.target_start < place + len(form)
                ]
                total += 1
                right += sum(linked) > len(linked) / 2
                break
    assert total > 300
    assert right >= 0.95 * total, (right, total)
