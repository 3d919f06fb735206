"""What every sequence-to-sequence engine offers, and the values it works on.

An engine is one loaded model. Its methods block; the scheduler calls them from
worker threads, at most ``workers`` of them at a time.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import Protocol

from summsvc.errors import EngineError


class Task(Enum):
    """What a model is for."""

    TRANSLATION = "translation"
    SUMMARIZATION = "summarization"


class LanguageTokens(Enum):
    """How a model is told its languages.

    NONE: one pair, nothing to tell (Marian en-ru, BART).
    TARGET_PREFIX: the target's token stands before the source text (``>>rus<<``
        of multi-target Marian, ``<2ru>`` of MADLAD-400).
    SOURCE_AND_TARGET: the source's token is part of the input and the target's
        is forced as first output token (NLLB-200, M2M100, mBART-50).
    """

    NONE = "none"
    TARGET_PREFIX = "target-prefix"
    SOURCE_AND_TARGET = "source-and-target"


@dataclass(frozen=True, slots=True)
class DecodingOptions:
    """How a model searches for its output.

    beam_size: hypotheses kept per step, 1 to 16. length_penalty: exponent on
    the output length, -5 to 5. repetition_penalty: 1 (off) to 5.
    no_repeat_ngram_size: tokens, 0 (off) to 20. max_output_tokens: per segment,
    end marker included; 0 takes a bound computed from the input's length.
    min_output_tokens: before the end marker. A first token that is forced, such
    as the target's language token, counts for neither.
    """

    beam_size: int = 4
    length_penalty: float = 1.0
    repetition_penalty: float = 1.0
    no_repeat_ngram_size: int = 0
    max_output_tokens: int = 0
    min_output_tokens: int = 0


@dataclass(frozen=True, slots=True)
class ModelSpec:
    """Everything an engine needs to load a model, and nothing about where it is from.

    path: folder in the layout of the engine (the hub's for transformers, the
        converter's output plus tokenizer files for ctranslate2).
    architecture: ``model_type`` of the hub's config.json: marian, m2m_100, t5,
        mt5, bart, pegasus, mbart, led.
    pairs: (source, target) BCP-47 codes it serves.
    tokens: BCP-47 code to the model's own language token.
    prefix: text put before every input ("summarize: " of T5).
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
    """Where and with how much of the machine a model runs.

    device: "cpu" or "cuda". compute_type: "default" (the engine's choice),
    "float32", "int8", "bfloat16" or "float16". workers: batches computed at the
    same time. threads: threads per worker; workers x threads <= cores.
    """

    device: str = "cpu"
    compute_type: str = "default"
    workers: int = 1
    threads: int = 1


@dataclass(frozen=True, slots=True)
class Generated:
    """A model's output for one segment.

    score: mean log-probability of the output tokens, at most 0, end marker
    included, forced first tokens not. input_tokens: special tokens included.
    output_tokens: as the score counts them. complete: False when the length
    limit ended it rather than the model.
    """

    text: str
    score: float
    input_tokens: int
    output_tokens: int
    complete: bool


Cancelled = Callable[[], bool]
"""Asked between decoding steps or batches; True stops the work."""


class CancelledGeneration(Exception):
    """Raised by ``generate`` when its ``cancelled`` answered True."""


WARM_UP = "The president will visit Vilnius next week."


class Seq2SeqEngine(Protocol):
    """One loaded model.

    name: "ctranslate2" or "transformers". device, compute_type: as in use.
    max_input_tokens: longest input of one segment, special tokens included.
    """

    name: str
    spec: ModelSpec
    device: str
    compute_type: str
    max_input_tokens: int

    def count_tokens(self, texts: Sequence[str], source: str, target: str) -> list[int]:
        """Length of each text in tokens as the model would read it, specials included."""

    def generate(
        self,
        texts: Sequence[str],
        source: str,
        target: str,
        options: DecodingOptions,
        cancelled: Cancelled = lambda: False,
    ) -> list[Generated]:
        """Run the model once over a batch; results in the order of ``texts``.

        Raises EngineError when the model fails, CancelledGeneration when
        ``cancelled`` answered True, TextTooLongError when a text is over
        ``max_input_tokens``: nothing is ever cut.
        """

    def warm_up(self) -> None:
        """Translate or summarize a probe; raise EngineError when that fails."""

    def close(self) -> None:
        """Free the memory; the engine must not be used afterwards."""


def warm_up(engine: Seq2SeqEngine) -> None:
    """What ``Seq2SeqEngine.warm_up`` is for engines with a real model behind them."""
    source, target = engine.spec.pairs[0]
    (output,) = engine.generate([WARM_UP], source, target, DecodingOptions(beam_size=1))
    if not output.output_tokens:
        raise EngineError(f"model '{engine.spec.id}' gave no output for a probe")
