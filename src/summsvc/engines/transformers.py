"""Transformers engine: hub-layout models run by transformers and torch; the reference engine.

Supports any AutoModelForSeq2SeqLM, on CPU in float32 or on a GPU in bfloat16. Loads from
a local folder only, never executes a model's code, and never unpickles anything but tensors.
"""

from __future__ import annotations

import os
import threading
import warnings
from collections.abc import Sequence
from typing import Any

from summsvc.engines.base import (
    Cancelled,
    CancelledGeneration,
    DecodingOptions,
    Generated,
    LanguageTokens,
    ModelSpec,
    Placement,
    warm_up,
)
from summsvc.engines.checkpoint import (
    LOAD_LOCK,
    load_model,
    load_tokenizer,
    reset_generation_config,
    tokenizer_language,
)
from summsvc.engines.declared import Declared
from summsvc.engines.limits import (
    input_limit,
    output_limit,
    output_positions,
    validate_input_length,
)
from summsvc.engines.loaded import Loaded
from summsvc.engines.tokenizer import SpecialTokenGuard
from summsvc.errors import EngineError, ModelBrokenError


class TransformersEngine:
    """See ``Seq2SeqEngine``. Raises ModelBrokenError when the folder cannot be loaded."""

    name = "transformers"
    aligns = False
    restricts_output = False

    def __init__(self, spec: ModelSpec, placement: Placement) -> None:
        # Threads of the tokenizers library would compete with the workers for cores.
        os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
        try:
            with LOAD_LOCK:
                import torch
                import transformers
        except ImportError as error:
            raise ModelBrokenError(
                f"model '{spec.id}' needs torch; install it with: pip install 'summsvc[torch]'",
                metadata={"model": spec.id},
            ) from error
        self.spec = spec
        self._torch = torch
        # The tokenizers of transformers change while they encode, so threads take turns. Each
        # thread could load one of its own, but the files may be replaced or removed meanwhile.
        self._tokenizing = threading.Lock()
        self.device = _device(torch, placement.device)
        self.compute_type = _compute_type(placement.compute_type, self.device)
        if self.device == "cpu":
            torch.set_num_threads(placement.threads)
        transformers.logging.set_verbosity_error()
        transformers.logging.disable_progress_bar()
        try:
            self._model: Any = load_model(spec.path, self.compute_type, self.device)
            # sacremoses is only used by a Marian normalizer that translation never calls.
            warnings.filterwarnings("ignore", message="Recommended: pip install sacremoses")
            tokenizer = load_tokenizer(spec.path)
            self._tokenizer = Loaded(tokenizer)
            config = Declared(self._model.config.to_dict(), "config.json")
            self.max_input_tokens = input_limit(config, int(tokenizer.model_max_length))
            self._positions = output_positions(config)
            self._tokens = reset_generation_config(self._model, tokenizer)
            self._guard = SpecialTokenGuard([*tokenizer.all_special_tokens, *spec.tokens.values()])
        except Exception as error:
            raise ModelBrokenError(
                f"model '{spec.id}' could not be loaded",
                metadata={"model": spec.id},
                detail=str(error) or type(error).__name__,
            ) from error

    def _encode(self, texts: Sequence[str], source: str, target: str, **options: Any) -> Any:
        """The input of the model. options: further arguments of the tokenizer."""
        spec, prefix = self.spec, self.spec.prefix
        if spec.language_tokens is LanguageTokens.TARGET_PREFIX:
            prefix += f"{spec.tokens[target]} "
        prepared = [prefix + self._guard(text) for text in texts]
        with self._tokenizing:
            tokenizer = self._tokenizer.get()
            if spec.language_tokens is LanguageTokens.SOURCE_AND_TARGET:
                tokenizer.src_lang = tokenizer_language(tokenizer, spec.tokens[source])
            return tokenizer(prepared, truncation=False, **options)

    def count_tokens(self, texts: Sequence[str], source: str, target: str) -> list[int]:
        """See ``Seq2SeqEngine.count_tokens``."""
        if not texts:
            return []
        return [len(ids) for ids in self._encode(texts, source, target)["input_ids"]]

    def generate(
        self,
        texts: Sequence[str],
        source: str,
        target: str,
        options: DecodingOptions,
        cancelled: Cancelled = lambda: False,
    ) -> list[Generated]:
        """See ``Seq2SeqEngine.generate``; calls ``cancelled`` between decoding steps."""
        from transformers import StoppingCriteriaList

        torch = self._torch
        inputs = self._encode(texts, source, target, padding=True, return_tensors="pt")
        lengths = inputs["attention_mask"].sum(dim=1).tolist()
        validate_input_length(max(lengths), self.max_input_tokens)
        forced = self._forced_ids(target)
        limit = output_limit(options.max_output_tokens, max(lengths), self._positions, len(forced))
        stop = _CancellationCriterion(torch, cancelled)
        try:
            with torch.inference_mode():
                outputs = self._model.generate(
                    **inputs.to(self.device),
                    **self._generation_arguments(options, limit, forced),
                    stopping_criteria=StoppingCriteriaList([stop]),
                    output_scores=True,
                    return_dict_in_generate=True,
                )
        except Exception as error:
            detail = f"{type(error).__name__}: {error}"
            raise EngineError("the model failed", detail=detail) from error
        if stop.cancelled:
            raise CancelledGeneration
        return self._results(outputs, lengths, len(forced))

    def _forced_ids(self, target: str) -> list[int]:
        """Ids of the forced first tokens of every output."""
        first = self._tokens.forced
        if self.spec.language_tokens is LanguageTokens.SOURCE_AND_TARGET:
            with self._tokenizing:
                first = self._tokenizer.get().convert_tokens_to_ids(self.spec.tokens[target])
        # When the decoder already starts from the language's token, the token is not forced again.
        return [] if first is None or first == self._tokens.start else [int(first)]

    @staticmethod
    def _generation_arguments(
        options: DecodingOptions, limit: int, forced: list[int]
    ) -> dict[str, Any]:
        least = min(options.min_output_tokens, limit - 1)
        settings: dict[str, Any] = {
            "num_beams": options.beam_size,
            "do_sample": False,
            "repetition_penalty": options.repetition_penalty,
            "no_repeat_ngram_size": options.no_repeat_ngram_size,
            "min_new_tokens": least + len(forced) if least else None,
            "max_new_tokens": limit + len(forced),
            "max_length": None,
        }
        if options.beam_size > 1:
            # Without effect under greedy search, where transformers warns about them. Beam search
            # continues while an unfinished hypothesis could still become the best.
            settings |= {"length_penalty": options.length_penalty, "early_stopping": False}
        if forced:
            settings["forced_bos_token_id"] = forced[0]
        return settings

    def _results(self, outputs: Any, lengths: list[int], forced: int) -> list[Generated]:
        totals = self._log_probabilities(outputs, forced)
        with self._tokenizing:
            texts = self._tokenizer.get().batch_decode(
                outputs.sequences, skip_special_tokens=True, clean_up_tokenization_spaces=False
            )
        results = []
        rows = outputs.sequences[:, 1 + forced :].tolist()
        for ids, text, steps, length in zip(rows, texts, totals, lengths, strict=True):
            end = next((i for i, id in enumerate(ids) if id in self._tokens.ends), None)
            produced = len(ids) if end is None else end + 1
            results.append(
                Generated(
                    text=text.strip(),
                    score=min(0.0, sum(steps[:produced]) / max(1, produced)),
                    input_tokens=int(length),
                    output_tokens=produced,
                    complete=end is not None,
                )
            )
        return results

    def _log_probabilities(self, outputs: Any, forced: int) -> list[list[float]]:
        """Log-probability of each token after the forced ones; arbitrary values at padding."""
        beams = getattr(outputs, "beam_indices", None)
        steps = self._model.compute_transition_scores(
            outputs.sequences, outputs.scores, beams, normalize_logits=beams is None
        )
        rows: list[list[float]] = steps[:, forced:].float().tolist()
        return rows

    def warm_up(self) -> None:
        """See ``Seq2SeqEngine.warm_up``."""
        warm_up(self)

    def close(self) -> None:
        """See ``Seq2SeqEngine.close``."""
        self._model = None
        self._tokenizer.free()
        if self.device == "cuda":
            self._torch.cuda.empty_cache()


class _CancellationCriterion:
    """Stopping criterion that polls ``cancelled`` after each decoding step."""

    def __init__(self, torch: Any, cancelled: Cancelled) -> None:
        self._torch = torch
        self._is_cancelled = cancelled
        self.cancelled = False

    def __call__(self, input_ids: Any, *_: Any, **__: Any) -> Any:
        self.cancelled = self.cancelled or self._is_cancelled()
        return self._torch.full((len(input_ids),), self.cancelled, device=input_ids.device)


def _device(torch: Any, wanted: str) -> str:
    if wanted == "cuda" and not torch.cuda.is_available():
        raise ModelBrokenError("device 'cuda' is set, but torch finds no GPU")
    return "cuda" if wanted != "cpu" and torch.cuda.is_available() else "cpu"


def _compute_type(wanted: str, device: str) -> str:
    if wanted in ("float32", "bfloat16", "float16"):
        return wanted
    return "bfloat16" if device == "cuda" else "float32"
