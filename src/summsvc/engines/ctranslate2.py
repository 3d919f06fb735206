"""Models converted to CTranslate2: fast on CPU, without torch.

Marian models only: SentencePiece is their whole tokenizer. Batches run on
``workers`` streams of ``threads`` threads each.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Sequence
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

EOS = "</s>"
ENCODED_AT_ONCE = 4_000
"""Code points handed to the tokenizer in one call, or one text: it holds the
interpreter's lock meanwhile, about a millisecond for so many."""

WARM_UP = "The president will visit Vilnius next week."
_COMPUTE_TYPES = {"default": "auto", "int8": "int8", "float32": "float32", "float16": "float16"}


class CTranslate2Engine:
    """See ``Seq2SeqEngine``. Raises ModelBrokenError when the folder cannot be loaded."""

    name = "ctranslate2"

    def __init__(self, spec: ModelSpec, placement: Placement) -> None:
        import ctranslate2

        if spec.architecture != "marian":
            raise ModelBrokenError(
                f"model '{spec.id}': the ctranslate2 engine runs marian models, "
                f"not {spec.architecture}",
                metadata={"model": spec.id},
            )
        self.spec = spec
        self._local = threading.local()
        try:
            config = json.loads((spec.path / "source_config.json").read_text("utf-8"))
            self.max_input_tokens = int(config["max_position_embeddings"])
            self._translator: Any = ctranslate2.Translator(
                str(spec.path),
                device=placement.device,
                compute_type=_COMPUTE_TYPES.get(placement.compute_type, "auto"),
                inter_threads=placement.workers,
                intra_threads=placement.threads,
            )
            self._pieces("source")
        except Exception as error:
            raise ModelBrokenError(
                f"model '{spec.id}' could not be loaded: {error}", metadata={"model": spec.id}
            ) from error
        self.device = str(self._translator.device)
        self.compute_type = str(self._translator.compute_type)

    def _pieces(self, side: str) -> Any:
        """This thread's own SentencePiece processor for "source" or "target"."""
        if not hasattr(self._local, side):
            from sentencepiece import SentencePieceProcessor

            model = str(self.spec.path / f"{side}.spm")
            setattr(self._local, side, SentencePieceProcessor(model_file=model))
        return getattr(self._local, side)

    def _encoded(self, texts: Sequence[str], target: str) -> list[list[str]]:
        prefixed = self.spec.language_tokens is LanguageTokens.TARGET_PREFIX
        prefix = [self.spec.tokens[target]] if prefixed else []
        processor = self._pieces("source")
        return [
            [*prefix, *each, EOS]
            for group in _groups(texts, ENCODED_AT_ONCE)
            for each in processor.encode(group, out_type=str)
        ]

    def count_tokens(self, texts: Sequence[str], source: str, target: str) -> list[int]:  # noqa: ARG002
        """See ``Seq2SeqEngine.count_tokens``."""
        return [len(pieces) for pieces in self._encoded(texts, target)]

    def generate(
        self,
        texts: Sequence[str],
        source: str,  # noqa: ARG002
        target: str,
        options: DecodingOptions,
        cancelled: Cancelled = lambda: False,
    ) -> list[Generated]:
        """See ``Seq2SeqEngine.generate``.

        Asks ``cancelled`` before and after the batch only. Under greedy search the
        library could ask for every token, but each question waits for the
        interpreter's lock: it halves the speed, and worse beside threads at work.
        """
        encoded = self._encoded(texts, target)
        longest = max(map(len, encoded))
        if longest > self.max_input_tokens:
            raise TextTooLongError(
                f"a segment has {longest} tokens; the model reads {self.max_input_tokens}"
            )
        if cancelled():
            raise CancelledGeneration
        limit = options.max_output_tokens or max(24, 2 * longest + 10)
        limit = min(limit, self.max_input_tokens)
        try:
            results = self._translator.translate_batch(
                encoded,
                beam_size=options.beam_size,
                length_penalty=options.length_penalty,
                repetition_penalty=options.repetition_penalty,
                no_repeat_ngram_size=options.no_repeat_ngram_size,
                min_decoding_length=options.min_output_tokens,
                max_decoding_length=limit,
                max_input_length=0,
                return_scores=True,
            )
        except Exception as error:
            raise EngineError(f"the model failed: {type(error).__name__}: {error}") from error
        if cancelled():
            raise CancelledGeneration
        return [
            self._result(pieces, result, options, limit)
            for pieces, result in zip(encoded, results, strict=True)
        ]

    def _result(
        self, pieces: list[str], result: Any, options: DecodingOptions, limit: int
    ) -> Generated:
        output: list[str] = result.hypotheses[0]
        # The library divides the sum of log-probabilities by length ** penalty.
        length = len(output) + 1
        total = result.scores[0] * len(output) ** options.length_penalty
        text = self._pieces("target").decode(output)
        return Generated(
            text=text.strip(),
            score=min(0.0, total / length),
            input_tokens=len(pieces),
            output_tokens=length,
            complete=len(output) < limit,
        )

    def warm_up(self) -> None:
        """See ``Seq2SeqEngine.warm_up``."""
        source, target = self.spec.pairs[0]
        (output,) = self.generate([WARM_UP], source, target, DecodingOptions(beam_size=1))
        if not output.output_tokens:
            raise EngineError(f"model '{self.spec.id}' gave no output for a probe")

    def close(self) -> None:
        """See ``Seq2SeqEngine.close``."""
        self._translator.unload_model()


def _groups(texts: Sequence[str], most: int) -> Iterator[list[str]]:
    """Neighbouring texts of together at most so many code points, or one text."""
    group: list[str] = []
    length = 0
    for text in texts:
        if group and length + len(text) > most:
            yield group
            group, length = [], 0
        group.append(text)
        length += len(text)
    if group:
        yield group
