"""Verification of a converted model against its checkpoint, before it is installed.

Runs greedy search on the probes of ``probes.toml``. A conversion is rejected in these cases:

- with torch: the float32 conversion differs from the transformers engine in a token, in an
  input's length, or by more than ``MAX_SCORE_DIFFERENCE`` in a score. One probe in six may
  differ, since two tokens can be equally likely up to rounding;
- without torch: most outputs of the float32 conversion repeat themselves or are truncated, or
  all outputs are the same;
- quantized: its mean log-probability of the float32 outputs is lower by more than
  ``MAX_QUANTIZATION_LOSS`` per token. Quantization changes words of correct conversions too,
  and one changed word changes all that follow, so only the probability of given words measures
  the loss. It measures nothing for untrained models (``MIN_TRAINED_SCORE``);
- student models: most outputs repeat themselves or are truncated, or all outputs are the same,
  with the lexical shortlist or without it.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from importlib import metadata
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
from summsvc.engines.load import load
from summsvc.errors import ConversionError, SummsvcError
from summsvc.models.conversion.probes import Probe, group_by_pair, select_probes
from summsvc.models.conversion.students import files as students

MAX_SCORE_DIFFERENCE = 0.01
"""Largest difference of mean log-probabilities, in nats. Rounding causes less than 0.001."""

MAX_QUANTIZATION_LOSS = 0.2
"""Largest loss of mean log-probability by quantization, in nats per token. int8 loses 0.002
to 0.052 on the test checkpoints; a matrix with its sign inverted loses 0.4 and more."""

MIN_TRAINED_SCORE = -3.0
"""Mean log-probability, 1 in 20 for each token, below which only untrained models score."""

MAX_SUMMARY_TOKENS = 64
"""Output limit of a summarization probe in tokens."""

_REPEATED_TEXT = re.compile(r"(.{2,80}?)\1{3}")


@dataclass(frozen=True, slots=True)
class ExactOutputs:
    """The outputs of a conversion without quantization, with their scores, and the findings."""

    probes: Sequence[Probe]
    outputs: Sequence[Generated]
    scores: Sequence[float]
    finding: str

    @property
    def summary(self) -> str:
        """The findings in one line."""
        return f"{self.finding}; {len(self.probes)} probes"


def verify_exact(spec: ModelSpec, exact: Path, *, reference: bool) -> ExactOutputs:
    """Compare a conversion without quantization with its checkpoint.

    spec: the checkpoint, in the hub's layout. exact: folder of the conversion. reference:
    whether torch is available to run the checkpoint. Blocks for seconds to minutes. Raises
    ConversionError, whose message shows differing outputs.
    """
    with _conversion_errors(spec):
        with _load(spec, exact, compute_type="float32") as engine:
            probes = select_probes(engine)
            plain = _generate(engine, probes)
            likely = _score(engine, probes, plain)
        if reference:
            with _load(spec, None) as engine:
                original = _generate(engine, probes)
            _require_same_outputs(spec, probes, original, plain)
            finding = f"float32 as transformers {metadata.version('transformers')}"
        else:
            _require_plausible_outputs(spec, probes, plain)
            finding = "float32 without loops; no torch to compare with"
    return ExactOutputs(probes, plain, likely, finding)


def verify_quantized(spec: ModelSpec, exact: ExactOutputs, installed: Path) -> str:
    """Compare a quantized conversion with the exact one; return all findings in one line.

    installed: folder of the conversion. Blocks for seconds. Raises ConversionError.
    """
    with _conversion_errors(spec), _load(spec, installed) as engine:
        found = _generate(engine, exact.probes)
        scores = _score(engine, exact.probes, exact.outputs)
        lost = [a - b for a, b in zip(exact.scores, scores, strict=True)]
        loss = _require_small_loss(spec, exact.probes, exact.outputs, found, lost)
    return f"{exact.finding}; {loss}; {len(exact.probes)} probes"


def verify_outputs(spec: ModelSpec, installed: Path) -> str:
    """Run a model for which there is no checkpoint to compare with; return the findings.

    installed: its folder. Blocks for seconds. Raises ConversionError.
    """
    with _conversion_errors(spec):
        with _load(spec, installed) as engine:
            probes = select_probes(engine)
            outputs = _generate(engine, probes)
        _require_plausible_outputs(spec, probes, outputs)
    return f"no loops; {len(probes)} probes"


def verify_student(spec: ModelSpec, installed: Path) -> str:
    """Run a converted student model with and without its shortlist; return the findings.

    The conversion keeps the 8-bit weights of the checkpoint, so there is no loss to measure.
    installed: folder of the conversion. Blocks for seconds. Raises ConversionError.
    """
    found: list[list[Generated]] = []
    with _conversion_errors(spec):
        for shortlist in (False, True):
            with _load(spec, installed, shortlist=shortlist) as engine:
                probes = select_probes(engine)
                found.append(_generate(engine, probes))
            _require_plausible_outputs(spec, probes, found[-1])
    same = sum(one.text == other.text for one, other in zip(*found, strict=True))
    return f"no loops; {same} of {len(probes)} probes have the same output without the shortlist"


@contextmanager
def _conversion_errors(spec: ModelSpec) -> Iterator[None]:
    """Raise a ConversionError for each error of a model that cannot be run."""
    try:
        yield
    except ConversionError:
        raise
    except SummsvcError as error:
        raise _conversion_error(spec, f"it cannot be run: {error}") from error


@contextmanager
def _load(
    spec: ModelSpec,
    converted: Path | None,
    *,
    compute_type: str = "default",
    shortlist: bool = True,
) -> Iterator[Any]:
    """Load a converted model from its folder, or the checkpoint itself; closes it afterwards."""
    placement = Placement("cpu", compute_type, 1, 1, shortlist)
    engine: Seq2SeqEngine
    if converted is not None:
        engine = load(replace(spec, path=converted), placement)
    else:
        from summsvc.engines.transformers import TransformersEngine

        engine = TransformersEngine(spec, placement)
    try:
        yield engine
    finally:
        engine.close()


def _generate(engine: Seq2SeqEngine, probes: Sequence[Probe]) -> list[Generated]:
    summary = engine.spec.task is Task.SUMMARIZATION
    options = DecodingOptions(beam_size=1, max_output_tokens=MAX_SUMMARY_TOKENS if summary else 0)
    found: list[Generated] = []
    for (source, target), group in group_by_pair(probes):
        found += engine.generate([probe.text for probe in group], source, target, options)
    if not all(math.isfinite(output.score) for output in found):
        raise _conversion_error(engine.spec, "its scores are not finite")
    return found


def _score(
    engine: CTranslate2Engine, probes: Sequence[Probe], outputs: Sequence[Generated]
) -> list[float]:
    left = iter(outputs)
    found: list[float] = []
    for (source, target), group in group_by_pair(probes):
        texts = [probe.text for probe in group]
        found += engine.score(texts, [next(left).text for _ in group], source, target)
    return found


def _require_same_outputs(
    spec: ModelSpec,
    probes: Sequence[Probe],
    expected: Sequence[Generated],
    found: Sequence[Generated],
) -> None:
    compared = list(zip(probes, expected, found, strict=True))
    for probe, reference, converted in compared:
        if reference.input_tokens != converted.input_tokens:
            raise _conversion_error(
                spec, "it tokenizes texts differently", probe, converted, reference
            )
    differing = [
        (probe, reference, converted)
        for probe, reference, converted in compared
        if (reference.text, reference.output_tokens) != (converted.text, converted.output_tokens)
        or abs(reference.score - converted.score) > MAX_SCORE_DIFFERENCE
    ]
    if len(differing) > len(probes) // 6:
        probe, reference, converted = max(differing, key=lambda each: each[1].text != each[2].text)
        finding = f"in float32 {len(differing)} of {len(probes)} outputs differ from those of"
        raise _conversion_error(spec, f"{finding} the checkpoint", probe, converted, reference)


def _require_plausible_outputs(
    spec: ModelSpec, probes: Sequence[Probe], outputs: Sequence[Generated]
) -> None:
    must_complete = spec.task is Task.TRANSLATION
    rejected = [
        (probe, output)
        for probe, output in zip(probes, outputs, strict=True)
        if not output.text
        or (must_complete and not output.complete)
        or _REPEATED_TEXT.search(output.text)
    ]
    if len(rejected) > len(probes) // 2:
        finding = f"{len(rejected)} of {len(probes)} outputs are empty, truncated or repetitive"
        raise _conversion_error(spec, finding, *rejected[0])
    if len(probes) > 1 and len({output.text for output in outputs}) == 1:
        raise _conversion_error(spec, "every probe has the same output", probes[0], outputs[0])


def _require_small_loss(
    spec: ModelSpec,
    probes: Sequence[Probe],
    expected: Sequence[Generated],
    found: Sequence[Generated],
    lost: Sequence[float],
) -> str:
    compared = [i for i in range(len(probes)) if expected[i].score >= MIN_TRAINED_SCORE]
    if not compared:
        return "quantized not compared, since the model is not trained"
    loss = sum(lost[i] for i in compared) / len(compared)
    if not loss <= MAX_QUANTIZATION_LOSS:
        worst = max(compared, key=lost.__getitem__)
        finding = (
            f"quantized it loses {loss:.2f} nats per token, and {MAX_QUANTIZATION_LOSS} are allowed"
        )
        raise _conversion_error(spec, finding, probes[worst], found[worst], expected[worst])
    return f"quantized loses {max(0.0, loss):.3f} nats per token"


def _conversion_error(
    spec: ModelSpec,
    why: str,
    probe: Probe | None = None,
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
            lines.append(f"  {name + ':':10} {output.text}  ({_describe_output(output)})")
    if spec.architecture != students.ARCHITECTURE:
        lines.append("The checkpoint can be installed unconverted with --engine transformers.")
    return ConversionError("\n".join(lines), metadata=metadata)


def _describe_output(output: Generated) -> str:
    return (
        f"{output.input_tokens} tokens read, {output.output_tokens} made, score {output.score:.3f}"
    )
