"""Every fuzz target holds for its seeds, its kept inputs and some mutations of them."""

from __future__ import annotations

from random import Random

import pytest

from fuzz.mutation import LARGE
from fuzz.registry import targets
from fuzz.service import messages, wire
from fuzz.service.server import METHODS, mutations

MUTATIONS = 200


@pytest.mark.parametrize("name", list(targets()))
def test_a_target_holds_for_its_corpus_and_mutations(name: str) -> None:
    target = targets()[name]
    known = target.seeds()
    assert known
    for data in [*known[::10], *target.corpus()]:
        target.run(data)
    made = target.inputs(Random(name))
    for _ in range(MUTATIONS):
        target.run(next(made))


@pytest.mark.parametrize("name", list(targets()))
def test_mutations_depend_on_the_seed_alone_and_fit_the_limit(name: str) -> None:
    target = targets()[name]
    data = target.seeds()[0]
    for seed in range(20):
        changed = target.mutate(data, Random(seed), 500)
        assert changed == target.mutate(data, Random(seed), 500)
        assert len(changed) <= 500


def test_the_corpus_is_small() -> None:
    sizes = [target.corpus_file.stat().st_size for target in targets().values() if target.corpus()]
    assert sum(sizes) < 1_000_000
    assert max(sizes, default=0) < LARGE


def test_valid_messages_are_parsed_by_the_mutator() -> None:
    for message in messages.requests():
        data = message.SerializeToString()
        parts = wire.fields(data)
        assert parts is not None
        assert wire.encoded(parts) == data
    assert wire.fields(b"\x0a\x05a") is None


def test_every_method_is_called() -> None:
    made = mutations(Random(1))
    called = {next(made)[0] for _ in range(300)}
    assert called == set(METHODS)
