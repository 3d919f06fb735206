"""CTranslate2 engine: converted models, fast on CPU, without torch or transformers.

Batches run in ``workers`` parallel streams of ``threads`` threads each.
"""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from typing import Any

from summsvc.engines.base import (
    BEAM_PATIENCE,
    Cancelled,
    CancelledGeneration,
    DecodingOptions,
    Generated,
    ModelSpec,
    Placement,
    warm_up,
)
from summsvc.engines.limits import output_limit, validate_input_length
from summsvc.engines.loaded import Loaded
from summsvc.engines.tokenizer import Tokenizer
from summsvc.errors import EngineError, ModelBrokenError

ARCHITECTURES = ("bart", "m2m_100", "marian", "mbart", "mt5", "opennmt", "pegasus", "t5")
"""Values of ``model_type`` that CTranslate2 supports, of those that summsvc supports."""


class CTranslate2Engine:
    """See ``Seq2SeqEngine``. Raises ModelBrokenError when the folder cannot be loaded."""

    name = "ctranslate2"
    aligns = False
    restricts_output = False

    def __init__(self, spec: ModelSpec, placement: Placement) -> None:
        import ctranslate2

        # Threads of the tokenizers library would compete with the workers for cores.
        os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
        if spec.architecture not in ARCHITECTURES:
            raise ModelBrokenError(
                f"model '{spec.id}': CTranslate2 does not support {spec.architecture} models, only "
                f"{', '.join(ARCHITECTURES)}; install the model for the transformers engine",
                metadata={"model": spec.id},
            )
        self.spec = spec
        try:
            tokenizer = Tokenizer(spec)
            self._tokenizer = Loaded(tokenizer)
            self._framing = tokenizer.framing
            self.max_input_tokens = self._framing.max_input_tokens
            self._translator: Any = ctranslate2.Translator(
                str(spec.path),
                device=placement.device,
                compute_type=_compute_type(placement),
                inter_threads=placement.workers,
                intra_threads=placement.threads,
            )
        except Exception as error:
            raise ModelBrokenError(
                f"model '{spec.id}' could not be loaded",
                metadata={"model": spec.id},
                detail=str(error) or type(error).__name__,
            ) from error
        self.device = str(self._translator.device)
        self.compute_type = str(self._translator.compute_type)

    def count_tokens(self, texts: Sequence[str], source: str, target: str) -> list[int]:
        """See ``Seq2SeqEngine.count_tokens``."""
        return [len(each) for each in self._tokenizer.get().encode(texts, source, target)]

    def generate(
        self,
        texts: Sequence[str],
        source: str,
        target: str,
        options: DecodingOptions,
        cancelled: Cancelled = lambda: False,
    ) -> list[Generated]:
        """See ``Seq2SeqEngine.generate``.

        Calls ``cancelled`` only before and after the batch. Under greedy search, CTranslate2 could
        call it after every token, but each call waits for the GIL, which halves the speed, and
        reduces it further while other threads hold the GIL.
        """
        tokenizer = self._tokenizer.get()
        encoded = tokenizer.encode(texts, source, target)
        longest = max(map(len, encoded))
        validate_input_length(longest, self.max_input_tokens)
        if cancelled():
            raise CancelledGeneration
        first = tokenizer.forced_pieces(target)
        limit = output_limit(
            options.max_output_tokens, longest, self._framing.positions, len(first)
        )
        greedy = options.beam_size == 1
        # Under greedy search it only affects the score; with 0 the score is the plain sum.
        penalty = 0.0 if greedy else options.length_penalty
        try:
            results = self._translator.translate_batch(
                encoded,
                target_prefix=[first] * len(encoded) if first else None,
                beam_size=options.beam_size,
                patience=1.0 if greedy else BEAM_PATIENCE,
                length_penalty=penalty,
                repetition_penalty=options.repetition_penalty,
                no_repeat_ngram_size=options.no_repeat_ngram_size,
                # CTranslate2's limits include forced tokens.
                min_decoding_length=min(options.min_output_tokens, limit - 1) + len(first),
                max_decoding_length=limit + len(first),
                max_input_length=0,
                # The unknown token carries no text; Marian's own decoder never generates it either.
                disable_unk=True,
                return_end_token=True,
                return_scores=True,
            )
        except Exception as error:
            detail = f"{type(error).__name__}: {error}"
            raise EngineError("the model failed", detail=detail) from error
        if cancelled():
            raise CancelledGeneration
        return [
            self._result(read, result, len(first), penalty)
            for read, result in zip(encoded, results, strict=True)
        ]

    def _result(self, read: list[str], result: Any, forced: int, penalty: float) -> Generated:
        output: list[str] = result.hypotheses[0]
        # CTranslate2 divides the sum of log-probabilities by length ** penalty. The length includes
        # forced tokens and the end marker; a forced token adds nothing to the sum.
        total = result.scores[0] * len(output) ** penalty
        made = output[forced:]
        return Generated(
            text=self._tokenizer.get().decode(made).strip(),
            score=min(0.0, total / max(1, len(made))),
            input_tokens=len(read),
            output_tokens=len(made),
            # For an input without text, CTranslate2 returns an output without tokens.
            complete=not made or made[-1] == self._framing.end,
        )

    def score(
        self, texts: Sequence[str], outputs: Sequence[str], source: str, target: str
    ) -> list[float]:
        """Mean log-probability of the tokens of each given output, from any source.

        Computed as ``Generated.score``. All texts form one batch, so pass few. Raises EngineError
        when the model fails.
        """
        tokenizer = self._tokenizer.get()
        forced = len(tokenizer.forced_pieces(target))
        try:
            results = self._translator.score_batch(
                tokenizer.encode(texts, source, target),
                tokenizer.encode_outputs(outputs, target),
                max_input_length=0,
            )
        except Exception as error:
            detail = f"{type(error).__name__}: {error}"
            raise EngineError("the model failed", detail=detail) from error
        rows = [result.log_probs[forced:] for result in results]
        return [sum(row) / max(1, len(row)) for row in rows]

    def warm_up(self) -> None:
        """See ``Seq2SeqEngine.warm_up``."""
        warm_up(self)

    def close(self) -> None:
        """See ``Seq2SeqEngine.close``; waits for running batches."""
        # CTranslate2 refuses to unload while it counts a batch as running, which it still does for
        # a moment after the batch's results are available.
        translator, self._translator = self._translator, None
        while translator is not None and translator.model_is_loaded:
            translator.unload_model()
            time.sleep(0.001)
        self._tokenizer.free()
        # The translator's threads end with the object, not when the model is unloaded.


def _compute_type(placement: Placement) -> str:
    """The compute type to load with.

    On a CPU by default as converted, or the nearest supported type; on a GPU half precision;
    otherwise the configured type. Raises ValueError when the device does not support it.
    """
    import ctranslate2

    wanted, device = placement.compute_type, placement.device
    if wanted == "default":
        return "float16" if device == "cuda" else "default"
    supported = sorted(ctranslate2.get_supported_compute_types(device))
    if wanted not in supported:
        raise ValueError(
            f"this {device} does not support the configured compute_type {wanted}, only "
            f"{', '.join(supported)}; with 'default' the weights are converted to a supported type"
        )
    return wanted
