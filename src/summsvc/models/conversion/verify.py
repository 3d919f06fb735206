"""Whether a converted model does what its checkpoint does, asked before it is installed.

Greedy search over the probes of ``probes.toml``. What is refused:

- with torch, a float32 conversion that differs from the transformers engine in
  any token, in an input's length, or by more than ``SCORE`` in a score; one
  probe in six may differ, where two tokens are as likely to the last digits;
- without torch, a float32 conversion most of whose outputs loop or never end,
  or whose outputs are all the same;
- a quantized one that finds the float32 one's outputs less likely, by more than
  ``LOSS`` per token. Quantization changes words of honest models too, and one
  changed word changes all that follow; how likely it finds given words shows
  its harm alone. Of a model without an opinion (``UNDECIDED``) it shows nothing.
"""

from __future__ import annotations

import itertools
import math
import re
import tomllib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from importlib import metadata, resources
from pathlib import Path
from typing import Any

from summsvc.engines.base import (
    DecodingOptions,
    Generated,
    ModelSpec,
    Placement,
    Seq2SeqEngine,
    Task,
)
from summsvc.engines.ctranslate2 import CTranslate2Engine
from summsvc.errors import ConversionError, SummsvcError

SCORE = 0.01
"""Largest difference of mean log-probabilities, in nats; rounding makes less than a thousandth."""

LOSS = 0.2
"""Largest loss of mean log-probability by quantization, in nats per token. int8 loses 0.002
to 0.052 of the tests' checkpoints, a matrix with its sign turned 0.4 and more."""

UNDECIDED = -3.0
"""Mean log-probability, 1 in 20 for each token, below which only random weights score."""

MOST_SOURCES = 4
"""Source languages that are asked of a model for many."""

SUMMARY_TOKENS = 64

_LOOP = re.compile(r"(.{2,80}?)\1{3}")


@dataclass(frozen=True, slots=True)
class _Probe:
    source: str
    target: str
    text: str


def check(spec: ModelSpec, exact: Path, installed: Path, *, reference: bool) -> str:
    """Compare a conversion with its checkpoint; returns what was found, in a line.

    spec: the checkpoint, in the hub's layout. exact: folder of its conversion to
    float32. installed: folder of the conversion that will be used, or the same.
    reference: whether torch is here to tell what the checkpoint does. Blocks for
    seconds to minutes. Raises ConversionError, which shows outputs that differ.
    """
    try:
        with _loaded(spec, exact) as engine:
            probes = _readable(engine)
            plain = _outputs(engine, probes)
            likely = _scores(engine, probes, plain)
        if reference:
            with _loaded(spec, None) as engine:
                original = _outputs(engine, probes)
            _same(spec, probes, original, plain)
            said = f"float32 as transformers {metadata.version('transformers')}"
        else:
            _sane(spec, probes, plain)
            said = "float32 without loops; no torch to compare with"
        if installed != exact:
            with _loaded(spec, installed) as engine:
                found = _outputs(engine, probes)
                lost = [a - b for a, b in zip(likely, _scores(engine, probes, plain), strict=True)]
            said += f"; {_close(spec, probes, plain, found, lost)}"
    except ConversionError:
        raise
    except SummsvcError as error:
        raise _refusal(spec, f"it cannot be run: {error}") from error
    return f"{said}; {len(probes)} probes"


@contextmanager
def _loaded(spec: ModelSpec, converted: Path | None) -> Iterator[Any]:
    """A converted model from its folder, or the checkpoint itself; freed afterwards."""
    placed = Placement("cpu", "default", 1, 1)
    engine: Seq2SeqEngine
    if converted is not None:
        engine = CTranslate2Engine(replace(spec, path=converted), placed)
    else:
        from summsvc.engines.transformers import TransformersEngine

        engine = TransformersEngine(spec, placed)
    try:
        yield engine
    finally:
        engine.close()


def _readable(engine: Seq2SeqEngine) -> list[_Probe]:
    """The probes for a model: of its task and source languages, and not too long for it."""
    text = resources.files("summsvc.models.conversion").joinpath("probes.toml").read_text("utf-8")
    known = tomllib.loads(text)
    probes: list[_Probe] = []
    for source, target in list(dict(engine.spec.pairs).items())[:MOST_SOURCES]:
        for task in (engine.spec.task, Task.TRANSLATION):
            texts = known[task.value].get(source) or known[task.value][known["fallback"]]
            lengths = engine.count_tokens(texts, source, target)
            short = [
                text
                for text, length in zip(texts, lengths, strict=True)
                if length <= engine.max_input_tokens
            ]
            if short:
                probes += [_Probe(source, target, text) for text in short]
                break
    return probes


def _outputs(engine: Seq2SeqEngine, probes: Sequence[_Probe]) -> list[Generated]:
    summary = engine.spec.task is Task.SUMMARIZATION
    options = DecodingOptions(beam_size=1, max_output_tokens=SUMMARY_TOKENS if summary else 0)
    found: list[Generated] = []
    for (source, target), group in _by_pair(probes):
        found += engine.generate([probe.text for probe in group], source, target, options)
    if not all(math.isfinite(output.score) for output in found):
        raise _refusal(engine.spec, "its scores are not finite")
    return found


def _scores(
    engine: CTranslate2Engine, probes: Sequence[_Probe], outputs: Sequence[Generated]
) -> list[float]:
    left = iter(outputs)
    found: list[float] = []
    for (source, target), group in _by_pair(probes):
        texts = [probe.text for probe in group]
        found += engine.score(texts, [next(left).text for _ in group], source, target)
    return found


def _by_pair(probes: Sequence[_Probe]) -> Iterator[tuple[tuple[str, str], list[_Probe]]]:
    for pair, group in itertools.groupby(probes, lambda probe: (probe.source, probe.target)):
        yield pair, list(group)


def _same(
    spec: ModelSpec,
    probes: Sequence[_Probe],
    expected: Sequence[Generated],
    found: Sequence[Generated],
) -> None:
    triples = list(zip(probes, expected, found, strict=True))
    for probe, one, other in triples:
        if one.input_tokens != other.input_tokens:
            raise _refusal(spec, "it splits texts into other tokens", probe, other, one)
    differing = [
        (probe, one, other)
        for probe, one, other in triples
        if (one.text, one.output_tokens) != (other.text, other.output_tokens)
        or abs(one.score - other.score) > SCORE
    ]
    if len(differing) > len(probes) // 6:
        probe, one, other = max(differing, key=lambda each: each[1].text != each[2].text)
        said = f"in float32 it answers {len(differing)} of {len(probes)} probes otherwise than"
        raise _refusal(spec, f"{said} the checkpoint", probe, other, one)


def _sane(spec: ModelSpec, probes: Sequence[_Probe], outputs: Sequence[Generated]) -> None:
    whole = spec.task is Task.TRANSLATION
    bad = [
        (probe, output)
        for probe, output in zip(probes, outputs, strict=True)
        if not output.text or (whole and not output.complete) or _LOOP.search(output.text)
    ]
    if len(bad) > len(probes) // 2:
        said = f"{len(bad)} of {len(probes)} probes are answered with loops or nothing"
        raise _refusal(spec, said, *bad[0])
    if len(probes) > 1 and len({output.text for output in outputs}) == 1:
        raise _refusal(spec, "every probe has the same answer", probes[0], outputs[0])


def _close(
    spec: ModelSpec,
    probes: Sequence[_Probe],
    expected: Sequence[Generated],
    found: Sequence[Generated],
    lost: Sequence[float],
) -> str:
    compared = [i for i in range(len(probes)) if expected[i].score >= UNDECIDED]
    if not compared:
        return "quantized not compared, for the model is not trained"
    loss = sum(lost[i] for i in compared) / len(compared)
    if not loss <= LOSS:
        worst = max(compared, key=lost.__getitem__)
        said = f"quantized it loses {loss:.2f} nats per token, and {LOSS} are allowed"
        raise _refusal(spec, said, probes[worst], found[worst], expected[worst])
    return f"quantized loses {max(0.0, loss):.3f} nats per token"


def _refusal(
    spec: ModelSpec,
    why: str,
    probe: _Probe | None = None,
    found: Generated | None = None,
    expected: Generated | None = None,
) -> ConversionError:
    lines = [f"model '{spec.id}' was converted, but {why}; it is not installed."]
    metadata = {"model": spec.id}
    if probe is not None:
        lines.append(f"  text:      {probe.text}")
    for name, output in (("expected", expected), ("converted", found)):
        if output is not None:
            metadata[name] = output.text
            lines.append(f"  {name + ':':10} {output.text}  ({_told(output)})")
    lines.append("As it is, it can be installed with --engine transformers.")
    return ConversionError("\n".join(lines), metadata=metadata)


def _told(output: Generated) -> str:
    return (
        f"{output.input_tokens} tokens read, {output.output_tokens} made, score {output.score:.3f}"
    )
