"""Lexical shortlist: restricts the output vocabulary to likely translations of the input.

As in Marian (data/shortlist.cpp), a segment may use the most frequent target words, the likeliest
translations of each of its source words and, with a joint vocabulary, the source words
themselves. A batch is computed on the union of its segments' words, and each segment is
restricted to its own, so that its output does not depend on the others.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from summsvc.engines.onnxruntime.layout import load_shortlist

MULTIPLE = 8
"""Marian makes the number of words a multiple of this with the next frequent words."""


class Shortlist:
    """The shortlist of one model. Raises the errors of ``load_shortlist``.

    target_words: size of the target vocabulary. joint: whether source and target words have the
    same ids.
    """

    def __init__(self, path: Path, target_words: int, *, joint: bool) -> None:
        self._first, self._offsets, self._words = load_shortlist(path)
        self._size = target_words
        self._joint = joint

    def select(
        self, sources: Sequence[Sequence[int]], always: Sequence[int]
    ) -> npt.NDArray[np.bool_]:
        """Which target words each input may use, of shape (inputs, target words).

        sources: source word ids of each input, with the end marker. always: target words that
        every input may use.
        """
        allowed = np.zeros((len(sources), self._size), np.bool_)
        allowed[:, : self._first] = True
        for row, source in zip(allowed, sources, strict=True):
            unique = set(source)
            if self._joint:
                row[list(unique)] = True
            for word in unique:
                row[self._words[self._offsets[word] : self._offsets[word + 1]]] = True
            missing = -int(np.count_nonzero(row)) % MULTIPLE
            if missing:
                free = np.flatnonzero(~row[self._first : self._first + 1024])[:missing]
                row[self._first + free] = True
        allowed[:, list(always)] = True
        return allowed
