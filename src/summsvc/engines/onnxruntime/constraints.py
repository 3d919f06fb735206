"""Constraints of a search: repetition penalty, blocked n-grams, minimum length."""

from __future__ import annotations

import numpy as np

from summsvc.engines.base import DecodingOptions
from summsvc.engines.onnxruntime.model import MASKED, Floats, Integers


class Constraints:
    """Changes logits by the decoding options.

    words: ids of the logits' columns, in ascending order. end: id of the end marker. least:
    tokens before the end marker, for each row.
    """

    def __init__(self, options: DecodingOptions, words: Integers, end: int) -> None:
        self._penalty = np.float32(options.repetition_penalty)
        self._ngram = options.no_repeat_ngram_size
        self._words = words
        self._end = int(np.searchsorted(words, end))

    def apply(self, logits: Floats, made: Integers, least: Integers) -> None:
        """Change ``logits`` [rows, words] in place.

        made: tokens of each row so far, of shape (rows, length). least: tokens that each row
        has to have before the end marker.
        """
        length = made.shape[1]
        if length and self._penalty != 1:
            columns = np.searchsorted(self._words, made)
            rows = np.arange(len(made))[:, None]
            found = logits[rows, columns]
            logits[rows, columns] = np.where(
                found > 0, found / self._penalty, found * self._penalty
            )
        if self._ngram and length >= self._ngram - 1:
            self._block_ngrams(logits, made)
        logits[least > length, self._end] = MASKED

    def _block_ngrams(self, logits: Floats, made: Integers) -> None:
        """Exclude words that would complete an n-gram that the row already has."""
        n = self._ngram
        for row, tokens in enumerate(made):
            if len(tokens) < n:
                continue
            windows = np.lib.stride_tricks.sliding_window_view(tokens, n)
            same = (windows[:, : n - 1] == tokens[len(tokens) - n + 1 :]).all(axis=1)
            blocked = windows[same, n - 1]
            logits[row, np.searchsorted(self._words, blocked)] = MASKED
