"""Seq2SeqEngine: the interface of all engines, and its data types (specs, options, outputs).

An engine is one loaded model. Its methods block; the scheduler calls them from worker
threads, at most ``workers`` of them at the same time.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import Protocol

from summsvc.alignment import AlignedSpan as AlignedSpan
from summsvc.errors import EngineError


class Task(Enum):
    """The task of a model."""

    TRANSLATION = "translation"
    SUMMARIZATION = "summarization"


class LanguageTokens(Enum):
    """How a model receives its source and target languages.

    NONE: not at all; the model serves one pair (Marian en-ru, BART).
    TARGET_PREFIX: the target's token precedes the source text (``>>rus<<`` of multi-target
        Marian, ``<2ru>`` of MADLAD-400).
    SOURCE_AND_TARGET: the source's token is part of the input and the target's is forced as
        the first output token (NLLB-200, M2M100, mBART-50).
    """

    NONE = "none"
    TARGET_PREFIX = "target-prefix"
    SOURCE_AND_TARGET = "source-and-target"


@dataclass(frozen=True, slots=True)
class DecodingOptions:
    """Parameters of the decoder's search.

    Ranges: see ``DECODING_RANGES``. beam_size: hypotheses kept per step. length_penalty: exponent
    on the output length. repetition_penalty: 1 for off. no_repeat_ngram_size: tokens, 0 for off.
    max_output_tokens: per segment, end marker included; 0 for a limit computed from the input's
    length. min_output_tokens: tokens before the end marker. A forced first token, such as the
    target's language token, counts for neither limit. output_terms: texts whose tokens stay
    available when the engine restricts its output vocabulary per batch.
    """

    beam_size: int = 4
    length_penalty: float = 1.0
    repetition_penalty: float = 1.0
    no_repeat_ngram_size: int = 0
    max_output_tokens: int = 0
    min_output_tokens: int = 0
    output_terms: tuple[str, ...] = ()


DECODING_RANGES: Sequence[tuple[str, float, float]] = (
    ("beam_size", 1, 16),
    ("length_penalty", -5, 5),
    ("repetition_penalty", 1, 5),
    ("no_repeat_ngram_size", 0, 20),
)
"""Names of decoding options, with their least and their greatest values."""


@dataclass(frozen=True, slots=True)
class ModelSpec:
    """Everything an engine needs to load a model, independent of the model's origin.

    path: folder in the engine's layout (the hub's layout for transformers; converter output
        and tokenizer files for ctranslate2).
    architecture: ``model_type`` of the hub's config.json: marian, m2m_100, t5, mt5, bart,
        pegasus, mbart, led; or student, for Marian student models.
    pairs: (source, target) BCP-47 codes that the model serves.
    tokens: the model's own language token by BCP-47 code.
    prefix: text placed before every input ("summarize: " of T5).
    """

    id: str
    task: Task
    path: Path
    architecture: str
    pairs: tuple[tuple[str, str], ...]
    language_tokens: LanguageTokens = LanguageTokens.NONE
    tokens: Mapping[str, str] = field(default_factory=dict)
    prefix: str = ""
    decoding: DecodingOptions = field(default_factory=DecodingOptions)
    revision: str = ""


@dataclass(frozen=True, slots=True)
class Placement:
    """The device and the compute resources of a model.

    device: "cpu" or "cuda". compute_type: "default" (the engine's choice), "float32", "int8",
    "bfloat16" or "float16". workers: batches computed at the same time. threads: threads per
    worker; workers x threads <= cores. shortlist: whether an engine restricts its output
    vocabulary by a model's lexical shortlist, where the model has one.
    """

    device: str = "cpu"
    compute_type: str = "default"
    workers: int = 1
    threads: int = 1
    shortlist: bool = True


@dataclass(frozen=True, slots=True)
class Generated:
    """A model's output for one segment.

    score: mean log-probability of the output tokens, at most 0; includes the end marker, not
    the forced first tokens; with a shortlist, relative to the tokens that it allows.
    input_tokens: special tokens included. output_tokens: the tokens that the score covers.
    complete: False when the length limit ended the output. alignment: in the order of the
    output; empty when the engine computes none (``aligns`` is False).
    """

    text: str
    score: float
    input_tokens: int
    output_tokens: int
    complete: bool
    alignment: tuple[AlignedSpan, ...] = ()


Cancelled = Callable[[], bool]
"""Called between decoding steps or batches; returning True cancels the generation."""


class CancelledGeneration(Exception):
    """Raised by ``generate`` when its ``cancelled`` callback returned True."""


BEAM_PATIENCE = 2.0
"""Beam search of a segment ends when this many times ``beam_size`` hypotheses have ended (Kasai et
al. 2022). With 1, truncated hypotheses can end the search before the best complete hypothesis is
found."""

WARM_UP_TEXT = "The president will visit Vilnius next week."
"""Input of ``warm_up``."""


class Seq2SeqEngine(Protocol):
    """One loaded model.

    name: "ctranslate2", "transformers" or "onnxruntime". device, compute_type: the values in use.
    max_input_tokens: longest input of one segment, special tokens included. aligns: whether
    outputs have an alignment. restricts_output: whether
    ``DecodingOptions.output_terms`` has an effect.
    """

    name: str
    spec: ModelSpec
    device: str
    compute_type: str
    max_input_tokens: int
    aligns: bool
    restricts_output: bool

    def count_tokens(self, texts: Sequence[str], source: str, target: str) -> list[int]:
        """Length of each text in tokens as the model's input, special tokens included."""

    def generate(
        self,
        texts: Sequence[str],
        source: str,
        target: str,
        options: DecodingOptions,
        cancelled: Cancelled = lambda: False,
    ) -> list[Generated]:
        """Run the model once on a batch; return outputs in the order of ``texts``.

        Raises EngineError when the model fails, CancelledGeneration when ``cancelled`` returned
        True, TextTooLongError when a text has more than ``max_input_tokens``. Inputs are never
        truncated.
        """

    def warm_up(self) -> None:
        """Generate from a short text; raise EngineError when that fails."""

    def close(self) -> None:
        """Free the memory; the engine must not be used afterwards."""


def warm_up(engine: Seq2SeqEngine) -> None:
    """Implementation of ``Seq2SeqEngine.warm_up`` for engines that load a real model."""
    source, target = engine.spec.pairs[0]
    (output,) = engine.generate([WARM_UP_TEXT], source, target, DecodingOptions(beam_size=1))
    if not output.output_tokens:
        raise EngineError(f"model '{engine.spec.id}' generated no output from the warm-up text")
