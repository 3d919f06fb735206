"""Engine for student models: ONNX graphs, 8-bit weights, search in Python.

The graphs are shared by all workers. onnxruntime releases the GIL while it computes.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from summsvc.alignment import shifted
from summsvc.engines.base import (
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
from summsvc.engines.onnxruntime.alignment import align
from summsvc.engines.onnxruntime.batch import DecoderBatch
from summsvc.engines.onnxruntime.beam import beam_search
from summsvc.engines.onnxruntime.layout import (
    SHORTLIST_FILE,
    SOURCE_VOCABULARY_FILE,
    TARGET_VOCABULARY_FILE,
    Layout,
)
from summsvc.engines.onnxruntime.model import Network
from summsvc.engines.onnxruntime.search import Hypothesis, greedy
from summsvc.engines.onnxruntime.shortlist import Shortlist
from summsvc.engines.onnxruntime.vocabulary import Vocabulary
from summsvc.errors import EngineError, ModelBrokenError


class OnnxRuntimeEngine:
    """See ``Seq2SeqEngine``. Raises ModelBrokenError when the folder cannot be loaded.

    Runs on a CPU in int8, whatever the placement's device and compute type. A score is
    relative to the words that were searched: those of the segment's shortlist, or the whole
    vocabulary without one. Inputs are rounded with fixed multipliers and each segment is
    restricted to its own shortlist, so an output does not depend on the rest of its batch.
    """

    name = "onnxruntime"
    device = "cpu"
    compute_type = "int8"
    aligns = True

    def __init__(self, spec: ModelSpec, placement: Placement) -> None:
        self.spec = spec
        folder = spec.path
        try:
            layout = Layout.load(folder)
            vocabulary = Vocabulary(
                folder / SOURCE_VOCABULARY_FILE, folder / TARGET_VOCABULARY_FILE
            )
            self._vocabulary = Loaded(vocabulary)
            words = range(vocabulary.target_size, layout.target_words)
            excluded = [vocabulary.unknown, *words]
            self._network = Loaded(Network(folder, layout, placement.threads, excluded))
            self._shortlist: Shortlist | None = None
            if placement.shortlist and (folder / SHORTLIST_FILE).is_file():
                self._shortlist = Shortlist(
                    folder / SHORTLIST_FILE, layout.target_words, joint=layout.joint
                )
        except Exception as error:
            raise ModelBrokenError(
                f"model '{spec.id}' could not be loaded",
                metadata={"model": spec.id},
                detail=str(error) or type(error).__name__,
            ) from error
        self.max_input_tokens = layout.max_input_tokens
        self.restricts_output = self._shortlist is not None

    def count_tokens(self, texts: Sequence[str], source: str, target: str) -> list[int]:  # noqa: ARG002
        """See ``Seq2SeqEngine.count_tokens``."""
        return [len(ids) for ids in self._vocabulary.get().encode(texts)]

    def generate(
        self,
        texts: Sequence[str],
        source: str,  # noqa: ARG002
        target: str,  # noqa: ARG002
        options: DecodingOptions,
        cancelled: Cancelled = lambda: False,
    ) -> list[Generated]:
        """See ``Seq2SeqEngine.generate``; calls ``cancelled`` before every decoding step.

        The computed output limit of a segment follows from its own length.
        """
        encoded = self._vocabulary.get().encode(texts)
        validate_input_length(max(map(len, encoded)), self.max_input_tokens)
        # For an input without tokens a model generates an arbitrary output.
        numbers = [i for i, ids in enumerate(encoded) if len(ids) > 1]
        found = [Generated("", 0.0, len(ids), 0, complete=True) for ids in encoded]
        if numbers:
            hypotheses = self._search([encoded[i] for i in numbers], options, cancelled)
            for i, hypothesis in zip(numbers, hypotheses, strict=True):
                found[i] = self._result(texts[i], len(encoded[i]), hypothesis)
        return found

    def _search(
        self, encoded: Sequence[Sequence[int]], options: DecodingOptions, cancelled: Cancelled
    ) -> list[Hypothesis]:
        limits = np.array(
            [output_limit(options.max_output_tokens, len(ids), None, 0) for ids in encoded]
        )
        network, vocabulary = self._network.get(), self._vocabulary.get()
        search = greedy if options.beam_size == 1 else beam_search
        allowed = None
        try:
            if self._shortlist is not None:
                terms = vocabulary.encode_terms(options.output_terms)
                allowed = self._shortlist.select(encoded, [vocabulary.end, *terms])
            batch = DecoderBatch(network, encoded, allowed, options.beam_size)
            return search(batch, limits, vocabulary.end, options, cancelled)
        except CancelledGeneration:
            raise
        except Exception as error:
            detail = f"{type(error).__name__}: {error}"
            raise EngineError("the model failed", detail=detail) from error

    def _result(self, text: str, read: int, hypothesis: Hypothesis) -> Generated:
        vocabulary, ids = self._vocabulary.get(), hypothesis.ids
        output = vocabulary.decode(ids)
        spans = vocabulary.source_spans(text), vocabulary.target_spans(ids)
        alignment = align(text, output, *spans, hypothesis.attended)
        lead = len(output) - len(output.lstrip())
        return Generated(
            text=output.strip(),
            score=min(0.0, hypothesis.total / max(1, hypothesis.length)),
            input_tokens=read,
            output_tokens=hypothesis.length,
            complete=hypothesis.complete,
            alignment=shifted(alignment, 0, -lead),
        )

    def warm_up(self) -> None:
        """See ``Seq2SeqEngine.warm_up``."""
        warm_up(self)

    def close(self) -> None:
        """See ``Seq2SeqEngine.close``; a running batch keeps the memory until its end."""
        self._network.free()
        self._vocabulary.free()
        self._shortlist = None
