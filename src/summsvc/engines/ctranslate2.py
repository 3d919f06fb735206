"""Models converted to CTranslate2: fast on CPU, without torch or transformers.

Batches run on ``workers`` streams of ``threads`` threads each.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Sequence
from typing import Any

from summsvc.engines.base import (
    Cancelled,
    CancelledGeneration,
    DecodingOptions,
    Generated,
    ModelSpec,
    Placement,
    warm_up,
)
from summsvc.engines.limits import check_input, output_limit
from summsvc.engines.tokenizer import Tokenizer
from summsvc.errors import EngineError, ModelBrokenError

ARCHITECTURES = ("bart", "m2m_100", "marian", "mbart", "mt5", "pegasus", "t5")
"""Values of ``model_type`` that the library runs, of those summsvc knows."""

PATIENCE = 2.0
"""A beam search is over when so many times ``beam_size`` hypotheses have ended (Kasai et al. 2022).
By the library's own 1, those that break off early end it before the best one is whole."""


class CTranslate2Engine:
    """See ``Seq2SeqEngine``. Raises ModelBrokenError when the folder cannot be loaded."""

    name = "ctranslate2"

    def __init__(self, spec: ModelSpec, placement: Placement) -> None:
        import ctranslate2

        # Tokenizers' own threads would fight with the workers.
        os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
        if spec.architecture not in ARCHITECTURES:
            raise ModelBrokenError(
                f"model '{spec.id}': CTranslate2 has no {spec.architecture} models, it runs "
                f"{', '.join(ARCHITECTURES)}; install it for the transformers engine",
                metadata={"model": spec.id},
            )
        self.spec = spec
        self._local = threading.local()
        try:
            self._convention = self._pieces().convention
            self.max_input_tokens = self._convention.max_input_tokens
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

    def _pieces(self) -> Tokenizer:
        """This thread's own."""
        if not hasattr(self._local, "pieces"):
            self._local.pieces = Tokenizer(self.spec)
        pieces: Tokenizer = self._local.pieces
        return pieces

    def count_tokens(self, texts: Sequence[str], source: str, target: str) -> list[int]:
        """See ``Seq2SeqEngine.count_tokens``."""
        return [len(each) for each in self._pieces().encode(texts, source, target)]

    def generate(
        self,
        texts: Sequence[str],
        source: str,
        target: str,
        options: DecodingOptions,
        cancelled: Cancelled = lambda: False,
    ) -> list[Generated]:
        """See ``Seq2SeqEngine.generate``.

        Asks ``cancelled`` before and after the batch only. Under greedy search the
        library could ask for every token, but each question waits for the
        interpreter's lock: it halves the speed, and worse beside threads at work.
        """
        pieces = self._pieces()
        encoded = pieces.encode(texts, source, target)
        longest = max(map(len, encoded))
        check_input(longest, self.max_input_tokens)
        if cancelled():
            raise CancelledGeneration
        first = pieces.first(target)
        limit = output_limit(
            options.max_output_tokens, longest, self._convention.positions, len(first)
        )
        greedy = options.beam_size == 1
        # Of no effect under greedy search but on the score, which then is the plain sum.
        penalty = 0.0 if greedy else options.length_penalty
        try:
            results = self._translator.translate_batch(
                encoded,
                target_prefix=[first] * len(encoded) if first else None,
                beam_size=options.beam_size,
                patience=1.0 if greedy else PATIENCE,
                length_penalty=penalty,
                repetition_penalty=options.repetition_penalty,
                no_repeat_ngram_size=options.no_repeat_ngram_size,
                # The library counts forced pieces too.
                min_decoding_length=min(options.min_output_tokens, limit - 1) + len(first),
                max_decoding_length=limit + len(first),
                max_input_length=0,
                # Marian's own decoder never gives an unknown piece either: it says nothing.
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
        # The library divides the sum of log-probabilities by length ** penalty, forced pieces
        # and end marker counted in the length; a forced piece adds nothing to the sum.
        total = result.scores[0] * len(output) ** penalty
        made = output[forced:]
        return Generated(
            text=self._pieces().decode(made).strip(),
            score=min(0.0, total / max(1, len(made))),
            input_tokens=len(read),
            output_tokens=len(made),
            # Of an input without any text the library makes an output without any.
            complete=not made or made[-1] == self._convention.end,
        )

    def score(
        self, texts: Sequence[str], outputs: Sequence[str], source: str, target: str
    ) -> list[float]:
        """Mean log-probability of the tokens of each given output, whoever made it.

        Counted as ``Generated.score``. For small numbers of texts: one batch.
        Raises EngineError when the model fails.
        """
        pieces = self._pieces()
        forced = len(pieces.first(target))
        try:
            results = self._translator.score_batch(
                pieces.encode(texts, source, target),
                pieces.encode_outputs(outputs, target),
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
        """See ``Seq2SeqEngine.close``; waits for batches that are being computed."""
        # The library declines while it counts a batch as running, as it does for a moment
        # after the results are there.
        while self._translator.model_is_loaded:
            self._translator.unload_model()
            time.sleep(0.001)


def _compute_type(placement: Placement) -> str:
    """As converted on a CPU, or what it has instead; half precision on a GPU; or as told."""
    import ctranslate2

    wanted, device = placement.compute_type, placement.device
    if wanted == "default":
        return "float16" if device == "cuda" else "default"
    supported = sorted(ctranslate2.get_supported_compute_types(device))
    if wanted not in supported:
        raise ValueError(
            f"this {device} does not compute in {wanted}, as the setting compute_type asks, but in "
            f"{', '.join(supported)}; with 'default' the weights are turned into what it has"
        )
    return wanted
