"""TF-IDF: sentences as sparse rows of weighted stems."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from summsvc.interruption import checked

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


def _sums(groups: Ints, values: Floats, count: int) -> Floats:
    """Sum of the values of each group 0 to count - 1."""
    return np.asarray(np.bincount(groups, values, count), dtype=np.float64)


@dataclass(frozen=True, slots=True)
class Matrix:
    """Rows of unit length, stored as coordinates in row order.

    rows, columns, values: one entry per non-zero. shape: (texts, terms).
    """

    rows: Ints
    columns: Ints
    values: Floats
    shape: tuple[int, int]

    def times(self, vector: Floats) -> Floats:
        """Matrix times a vector of length terms: one number per text."""
        return _sums(self.rows, self.values * vector[self.columns], self.shape[0])

    def transposed_times(self, vector: Floats) -> Floats:
        """Transposed matrix times a vector of length texts: one number per term."""
        return _sums(self.columns, self.values * vector[self.rows], self.shape[1])


def tf_idf(documents: Sequence[Sequence[str]], vocabulary: dict[str, int]) -> Matrix:
    """TF-IDF rows of unit length over the texts' stems.

    vocabulary: filled with the number of each stem. Inverse document
    frequencies are smoothed, log((1 + n) / (1 + df)) + 1.
    """
    rows: list[int] = []
    columns: list[int] = []
    counts: list[int] = []
    for i, document in enumerate(checked(documents)):
        for stem, count in Counter(document).items():
            rows.append(i)
            columns.append(vocabulary.setdefault(stem, len(vocabulary)))
            counts.append(count)
    row = np.asarray(rows, dtype=np.int64)
    column = np.asarray(columns, dtype=np.int64)
    frequency = np.bincount(column, minlength=len(vocabulary))
    inverse = np.log((1 + len(documents)) / (1 + frequency)) + 1
    values = (1 + np.log(np.asarray(counts, dtype=np.float64))) * inverse[column]
    norms = np.sqrt(np.bincount(row, values**2, len(documents)))
    values /= np.where(norms[row] > 0, norms[row], 1)
    return Matrix(row, column, values, (len(documents), len(vocabulary)))
