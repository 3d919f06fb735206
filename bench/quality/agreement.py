"""Agreement of CTranslate2's outputs with those of transformers, for every architecture.

    python -m bench.quality.agreement [FAMILY…]

Greedy search with the small trained checkpoints of ``tests/checkpoints``, which
are installed by ``summsvc models add``: on their training text, and on text that they
were not trained on, where near ties of the next token are frequent. An output agrees
when all of its tokens do, the end token included.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from click.testing import CliRunner

from summsvc.cli.models import models
from summsvc.engines.base import DecodingOptions, Generated, ModelSpec, Placement
from summsvc.engines.ctranslate2 import ARCHITECTURES, CTranslate2Engine
from summsvc.engines.transformers import TransformersEngine
from summsvc.models.conversion.convert import convert
from summsvc.models.store.store import Store
from tests.checkpoints import FAMILIES, checkpoint, known, news
from tests.checkpoints.texts import COLUMNS as LANGUAGES

BATCH = 32
UNSEEN = 100
GREEDY = DecodingOptions(beam_size=1)

OWN_CATALOG = """\
[marian-zle]
task = "translation"
architecture = "marian"
pairs = ["en-ru", "en-lt"]
language_tokens = "target-prefix"
tokens = { ru = ">>rus<<", lt = ">>lit<<" }

[mbart50]
task = "translation"
architecture = "mbart"
pairs = ["en-ru", "en-lt"]
language_tokens = "source-and-target"
tokens = { en = "en_XX", ru = "ru_RU", lt = "lt_LT" }
"""
"""A catalog file of an operator, for models that the built-in catalog does not have."""

ADDED = {
    "nllb": ("--like", "nllb-600m"),
    "m2m100": ("--like", "m2m100-418m"),
    "mbart50": (),
    "madlad": ("--like", "madlad-3b"),
    "marian-zle": (),
    "bart": ("--task", "summarization", "--pair", "en-en"),
    "pegasus": ("--task", "summarization", "--pair", "en-en"),
    "t5": ("--task", "summarization", "--pair", "lt-lt"),
    "mt5": ("--task", "summarization", "--pair", "en-en", "--pair", "ru-ru"),
    "led": ("--task", "summarization", "--pair", "en-en"),
}
"""Arguments of ``summsvc models add`` for each family, besides its folder and id."""


@dataclass(frozen=True, slots=True)
class Shares:
    """Number of outputs that agree with the reference, and of all outputs."""

    agreeing: int
    of: int

    def __str__(self) -> str:
        return f"{self.agreeing} of {self.of}"


@dataclass(frozen=True, slots=True)
class Agreement:
    """One family's outputs; None where CTranslate2 does not run the architecture.

    right: reference outputs equal to the text that the checkpoint was trained on.
    float32, int8: outputs for training inputs; float32_unseen, int8_unseen: for other
    inputs. score: greatest difference between the scores of an equal output in float32,
    in nats.
    """

    architecture: str
    right: Shares
    float32: Shares | None = None
    int8: Shares | None = None
    float32_unseen: Shares | None = None
    int8_unseen: Shares | None = None
    score: float = 0.0


def install(store: Store, name: str) -> str:
    """Run ``summsvc models add`` with a family's checkpoint; returns its standard output."""
    store.root.mkdir(parents=True, exist_ok=True)
    catalog = store.root.with_suffix(".toml")
    catalog.write_text(OWN_CATALOG, "utf-8")
    arguments = ["--model-dir", store.root, "--catalog-file", catalog]
    arguments += ["add", checkpoint(name), "--id", name, *ADDED[name]]
    done = CliRunner().invoke(models, [str(each) for each in arguments], catch_exceptions=False)
    if done.exit_code:
        raise RuntimeError(done.stderr)
    return done.stdout


COLUMNS = {
    "right": "Its own text",
    "float32": "float32",
    "int8": "int8",
    "float32_unseen": "float32, unseen",
    "int8_unseen": "int8, unseen",
}

Text = tuple[str, str, str]
"""Input, source language, target language."""


def texts(name: str) -> tuple[list[Text], list[str], list[Text]]:
    """A family's training inputs, their expected outputs, and inputs without training."""
    family = FAMILIES[name]
    inputs: list[Text] = []
    outputs: list[str] = []
    targets = family.summary_languages or [code for code in family.tokens if code != "en"]
    for code in targets:
        source = code if family.summary_languages else "en"
        inputs += [(text, source, code) for text, _ in known(name, code)]
        outputs += [output for _, output in known(name, code)]
    seen = {text for text, _, _ in inputs}
    source, target = inputs[0][1:]
    fresh = [triple[LANGUAGES[source]] for triple in news.sentences()]
    if family.summary_languages:
        fresh = [" ".join(three) for three in zip(fresh[2:], fresh[1:], fresh, strict=False)]
    fresh = [text for text in fresh if text not in seen][-UNSEEN:]
    return inputs, outputs, [(text, source, target) for text in fresh]


class _Reference(TransformersEngine):
    """An engine that records the tokens of its outputs."""

    def __init__(self, spec: ModelSpec, placement: Placement) -> None:
        super().__init__(spec, placement)
        self.made: list[list[str]] = []

    def _results(self, outputs: Any, lengths: list[int], forced: int) -> list[Generated]:
        tokenizer = self._tokenizer.get()
        for ids in outputs.sequences[:, 1 + forced :].tolist():
            end = next((i for i, id in enumerate(ids) if id in self._tokens.ends), len(ids))
            self.made.append(tokenizer.convert_ids_to_tokens(ids[: end + 1]))
        return super()._results(outputs, lengths, forced)


class _Converted(CTranslate2Engine):
    """An engine that records the tokens of its outputs."""

    def __init__(self, spec: ModelSpec, placement: Placement) -> None:
        super().__init__(spec, placement)
        self.made: list[list[str]] = []

    def _result(self, read: list[str], result: Any, forced: int, penalty: float) -> Generated:
        self.made.append(list(result.hypotheses[0][forced:]))
        return super()._result(read, result, forced, penalty)


def _run(engine: _Reference | _Converted, given: Sequence[Text]) -> list[Generated]:
    found: list[Generated] = []
    begin = 0
    while begin < len(given):
        _, source, target = given[begin]
        group = [text for text, *pair in given[begin : begin + BATCH] if pair == [source, target]]
        found += engine.generate(group, source, target, GREEDY)
        begin += len(group)
    return found


@contextmanager
def _opened(
    make: Callable[[ModelSpec, Placement], _Reference | _Converted], spec: ModelSpec
) -> Iterator[_Reference | _Converted]:
    engine = make(spec, Placement(compute_type="default"))
    try:
        yield engine
    finally:
        engine.close()


def compare(name: str, spec: ModelSpec, work: Path) -> Agreement:
    """Compare the engines' outputs with a family's checkpoint.

    spec: of the installed model, in int8. work: an empty folder. Raises
    AssertionError when an engine's input tokens differ from those of the reference.
    """
    inputs, expected, unseen = texts(name)
    given = [*inputs, *unseen]
    with _opened(_Reference, replace(spec, path=checkpoint(name))) as reference:
        outputs = _run(reference, given)
        tokens = reference.made
    right = sum(a.text == b for a, b in zip(outputs, expected, strict=False))
    agreement = Agreement(spec.architecture, Shares(right, len(expected)))
    if spec.architecture not in ARCHITECTURES:
        return agreement
    convert(checkpoint(name), work / "float32", quantization="float32")
    shares: dict[str, Any] = {"score": 0.0}
    for kind, path in (("float32", work / "float32"), ("int8", spec.path)):
        with _opened(_Converted, replace(spec, path=path)) as engine:
            results = _run(engine, given)
            same = [a == b for a, b in zip(engine.made, tokens, strict=True)]
        for ours, theirs, equal in zip(results, outputs, same, strict=True):
            assert ours.input_tokens == theirs.input_tokens
            if equal and kind == "float32":
                shares["score"] = max(shares["score"], abs(ours.score - theirs.score))
        shares[kind] = Shares(sum(same[: len(inputs)]), len(inputs))
        shares[f"{kind}_unseen"] = Shares(sum(same[len(inputs) :]), len(unseen))
    return replace(agreement, **shares)


def main() -> None:
    """Install each family in a store of its own; print the table of benchmarks/conversion.md."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", metavar="FAMILY", nargs="*", help="default: all")
    chosen = parser.parse_args().names or FAMILIES
    columns = ["Checkpoint", "Architecture", *COLUMNS.values()]
    print(f"| {' | '.join(columns)} |")
    print("|---" * len(columns) + "|")
    for name in chosen:
        with tempfile.TemporaryDirectory() as work:
            store = Store(Path(work) / "store")
            install(store, name)
            row = compare(name, store.spec(name), Path(work))
        cells = [getattr(row, field) for field in COLUMNS]
        said = " | ".join("no such models" if each is None else str(each) for each in cells)
        print(f"| `{name}` | {row.architecture} | {said} |", flush=True)


if __name__ == "__main__":
    main()
