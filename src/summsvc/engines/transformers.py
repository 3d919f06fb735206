"""Models in the hub's own layout, run by transformers and torch.

The reference engine: any AutoModelForSeq2SeqLM, on CPU in float32 or on a GPU
in bfloat16. Loads from a local folder only, never executes code of a model, and
never unpickles anything but tensors.
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
)
from summsvc.errors import EngineError, ModelBrokenError, TextTooLongError

DEFAULT_MAX_INPUT = 512
# transformers imports its parts on first use and switches torch's default device while
# it loads: models loaded by two threads at once would break each other.
_LOADING = threading.Lock()
WARM_UP = "The president will visit Vilnius next week."


class TransformersEngine:
    """See ``Seq2SeqEngine``. Raises ModelBrokenError when the folder cannot be loaded."""

    name = "transformers"

    def __init__(self, spec: ModelSpec, placement: Placement) -> None:
        # Tokenizers' own threads would fight with the workers.
        os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
        try:
            with _LOADING:
                import torch
                import transformers
                from transformers import AutoModelForSeq2SeqLM, AutoTokenizer
        except ImportError as error:
            raise ModelBrokenError(
                f"model '{spec.id}' needs torch; install it with: pip install 'summsvc[torch]'",
                metadata={"model": spec.id},
            ) from error
        self.spec = spec
        self._torch = torch
        self._local = threading.local()
        self._load_tokenizer = AutoTokenizer.from_pretrained
        self.device = _device(torch, placement.device)
        self.compute_type = _compute_type(placement.compute_type, self.device)
        if self.device == "cpu":
            torch.set_num_threads(placement.threads)
        transformers.logging.set_verbosity_error()
        transformers.logging.disable_progress_bar()
        try:
            with _LOADING:
                self._model: Any = AutoModelForSeq2SeqLM.from_pretrained(
                    spec.path,
                    dtype=getattr(torch, self.compute_type),
                    local_files_only=True,
                    trust_remote_code=False,
                    weights_only=True,
                )
            self._model.to(self.device).eval()
            self.max_input_tokens = self._input_limit()
        except Exception as error:
            raise ModelBrokenError(
                f"model '{spec.id}' could not be loaded: {error}", metadata={"model": spec.id}
            ) from error

    def _tokenizer(self, source: str) -> Any:
        """This thread's own tokenizer: fast ones must not be shared between threads."""
        if not hasattr(self._local, "tokenizer"):
            # Of use only to a normaliser of Marian's that translation never calls.
            warnings.filterwarnings("ignore", message="Recommended: pip install sacremoses")
            self._local.tokenizer = self._load_tokenizer(
                self.spec.path, local_files_only=True, trust_remote_code=False
            )
        tokenizer = self._local.tokenizer
        if self.spec.language_tokens is LanguageTokens.SOURCE_AND_TARGET:
            tokenizer.src_lang = self.spec.tokens[source]
        return tokenizer

    def _input_limit(self) -> int:
        """The smaller of what the tokenizer and the position table allow."""
        config = self._model.config
        positions = getattr(config, "max_position_embeddings", None) or DEFAULT_MAX_INPUT
        declared = int(getattr(self._tokenizer_any(), "model_max_length", positions))
        return min(int(positions), declared if declared < 1_000_000 else int(positions))

    def _tokenizer_any(self) -> Any:
        source = self.spec.pairs[0][0] if self.spec.pairs else ""
        return self._tokenizer(source)

    def _prepared(self, texts: Sequence[str], target: str) -> list[str]:
        prefix = self.spec.prefix
        if self.spec.language_tokens is LanguageTokens.TARGET_PREFIX:
            prefix += f"{self.spec.tokens[target]} "
        return [prefix + text for text in texts]

    def count_tokens(self, texts: Sequence[str], source: str, target: str) -> list[int]:
        """See ``Seq2SeqEngine.count_tokens``."""
        if not texts:
            return []
        encoded = self._tokenizer(source)(self._prepared(texts, target), truncation=False)
        return [len(ids) for ids in encoded["input_ids"]]

    def generate(
        self,
        texts: Sequence[str],
        source: str,
        target: str,
        options: DecodingOptions,
        cancelled: Cancelled = lambda: False,
    ) -> list[Generated]:
        """See ``Seq2SeqEngine.generate``; asks ``cancelled`` between decoding steps."""
        from transformers import StoppingCriteriaList

        torch, tokenizer = self._torch, self._tokenizer(source)
        inputs = tokenizer(
            self._prepared(texts, target), truncation=False, padding=True, return_tensors="pt"
        )
        lengths = inputs["attention_mask"].sum(dim=1).tolist()
        if max(lengths) > self.max_input_tokens:
            raise TextTooLongError(
                f"a segment has {max(lengths)} tokens; the model reads {self.max_input_tokens}"
            )
        longest = self._output_limit(max(lengths), options)
        stop = _Stop(torch, cancelled)
        try:
            with torch.inference_mode():
                outputs = self._model.generate(
                    **inputs.to(self.device),
                    **self._search(options, target, tokenizer),
                    max_new_tokens=longest,
                    stopping_criteria=StoppingCriteriaList([stop]),
                    output_scores=True,
                    return_dict_in_generate=True,
                )
        except Exception as error:
            raise EngineError(f"the model failed: {type(error).__name__}: {error}") from error
        if stop.asked:
            raise CancelledGeneration
        return self._results(outputs, lengths, tokenizer)

    def _search(self, options: DecodingOptions, target: str, tokenizer: Any) -> dict[str, Any]:
        settings: dict[str, Any] = {
            "num_beams": options.beam_size,
            "do_sample": False,
            "length_penalty": options.length_penalty,
            "repetition_penalty": options.repetition_penalty,
            "no_repeat_ngram_size": options.no_repeat_ngram_size,
            "min_new_tokens": options.min_output_tokens or None,
            "max_length": None,
            "early_stopping": options.beam_size > 1,
        }
        if options.beam_size == 1:
            # Meaningless for greedy search; transformers warns about them.
            del settings["length_penalty"], settings["early_stopping"]
        if self.spec.language_tokens is LanguageTokens.SOURCE_AND_TARGET:
            token = tokenizer.convert_tokens_to_ids(self.spec.tokens[target])
            settings["forced_bos_token_id"] = token
        return settings

    def _output_limit(self, longest_input: int, options: DecodingOptions) -> int:
        """Room for any honest output: twice the input and some, within the position table."""
        positions = getattr(self._model.config, "max_position_embeddings", None)
        wanted = options.max_output_tokens or max(24, 2 * longest_input + 10)
        return min(wanted, int(positions) - 1) if positions else wanted

    def _results(self, outputs: Any, lengths: list[int], tokenizer: Any) -> list[Generated]:
        config = self._model.config
        special = set(tokenizer.all_special_ids)
        eos = self._model.generation_config.eos_token_id or config.eos_token_id
        ends = set(eos if isinstance(eos, list) else [eos])
        scores = self._scores(outputs)
        texts = tokenizer.batch_decode(outputs.sequences, skip_special_tokens=True)
        results = []
        for ids, text, score, length in zip(
            outputs.sequences.tolist(), texts, scores, lengths, strict=True
        ):
            produced = sum(1 for id in ids[1:] if id not in special) + 1
            results.append(
                Generated(
                    text=text.strip(),
                    score=min(0.0, score),
                    input_tokens=int(length),
                    output_tokens=produced,
                    complete=any(id in ends for id in ids[1:]),
                )
            )
        return results

    def _scores(self, outputs: Any) -> list[float]:
        """Mean log-probability of each output's tokens, end marker included."""
        torch = self._torch
        steps = self._model.compute_transition_scores(
            outputs.sequences,
            outputs.scores,
            getattr(outputs, "beam_indices", None),
            normalize_logits=getattr(outputs, "beam_indices", None) is None,
        ).float()
        real = torch.isfinite(steps) & (steps != 0)
        pad = self._model.config.pad_token_id
        tokens = outputs.sequences[:, -steps.shape[1] :]
        real &= tokens != pad
        total = torch.where(real, steps, torch.zeros_like(steps)).sum(dim=1)
        return [float(each) for each in total / real.sum(dim=1).clamp(min=1)]

    def warm_up(self) -> None:
        """See ``Seq2SeqEngine.warm_up``."""
        source, target = self.spec.pairs[0]
        (output,) = self.generate([WARM_UP], source, target, DecodingOptions(beam_size=1))
        if not output.output_tokens:
            raise EngineError(f"model '{self.spec.id}' gave no output for a probe")

    def close(self) -> None:
        """See ``Seq2SeqEngine.close``."""
        self._model = None
        if self.device == "cuda":
            self._torch.cuda.empty_cache()


class _Stop:
    """Stopping criterion that asks the scheduler."""

    def __init__(self, torch: Any, cancelled: Cancelled) -> None:
        self._torch = torch
        self._cancelled = cancelled
        self.asked = False

    def __call__(self, input_ids: Any, *_: Any, **__: Any) -> Any:
        self.asked = self.asked or self._cancelled()
        return self._torch.full((len(input_ids),), self.asked, device=input_ids.device)


def _device(torch: Any, wanted: str) -> str:
    if wanted == "cuda" and not torch.cuda.is_available():
        raise ModelBrokenError("device 'cuda' is set, but torch finds no GPU")
    return "cuda" if wanted != "cpu" and torch.cuda.is_available() else "cpu"


def _compute_type(wanted: str, device: str) -> str:
    if wanted in ("float32", "bfloat16", "float16"):
        return wanted
    return "bfloat16" if device == "cuda" else "float32"
