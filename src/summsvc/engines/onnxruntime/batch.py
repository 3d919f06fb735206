"""A batch in the decoder: states, encoded sources and allowed words of each row."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from summsvc.engines.onnxruntime.model import MASKED, Floats, Integers, Network, OutputWords


class DecoderBatch:
    """Rows of a batch, each with one hypothesis of one source.

    sources: source words of each segment. allowed: words that each segment may use, of shape
    (segments, target words); None for all. beam: rows for each segment, next to each other.
    """

    def __init__(
        self,
        network: Network,
        sources: Sequence[Sequence[int]],
        allowed: npt.NDArray[np.bool_] | None,
        beam: int = 1,
    ) -> None:
        self._network = network
        self._position = 0
        self._penalties: Floats | None = None
        words: Integers | None = None
        if allowed is not None:
            words = np.flatnonzero(allowed.any(axis=0))
            if len(sources) > 1:
                penalties = np.where(allowed[:, words], np.float32(0), MASKED)
                self._penalties = np.repeat(penalties, beam, axis=0)
        self._words: OutputWords = network.select(words)
        mask, encoded = network.encode(sources)
        zeros = np.zeros((len(sources) * beam, network.layout.width), np.float32)
        self._states = {f"state_{i}": zeros for i in range(network.layout.decoder_layers)}
        self._sources = {"mask": np.repeat(mask, beam, axis=0) if beam > 1 else mask}
        for i in range(network.layout.decoder_layers):
            for name, values in zip(("keys", "values"), encoded[2 * i :][:2], strict=True):
                rows = np.repeat(values, beam, axis=0) if beam > 1 else values
                self._sources[f"{name}_{i}"] = rows

    @property
    def words(self) -> Integers:
        """Ids of the words that the columns of the logits stand for, in ascending order."""
        return self._words.ids

    def step(self, last: Integers | None) -> tuple[Floats, Integers]:
        """Compute the next word of each row.

        last: the last word of each row; None at the first step. Returns logits [rows, words],
        and the index of the source word that each row attends to most.
        """
        y, attention, states = self._network.step(
            last, self._position, {**self._sources, **self._states}
        )
        self._states = {f"state_{i}": state for i, state in enumerate(states)}
        self._position += 1
        logits = self._network.logits(y, self._words)
        if self._penalties is not None:
            logits += self._penalties
        return logits, attention.argmax(axis=1)

    def reorder(self, rows: Integers) -> None:
        """Continue from the given rows' states; each has the same source as its place."""
        self._states = {name: values[rows] for name, values in self._states.items()}

    def keep(self, rows: Integers) -> None:
        """Remove all rows but the given."""
        self.reorder(rows)
        self._sources = {name: values[rows] for name, values in self._sources.items()}
        if self._penalties is not None:
            self._penalties = self._penalties[rows]
