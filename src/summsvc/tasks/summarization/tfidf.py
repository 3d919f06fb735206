"""TF-IDF weighting: texts as sparse unit vectors over their stems."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from summsvc.interruption import checked

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class SparseMatrix:
    """A matrix in coordinate (COO) format, sorted by row, with rows of unit length.

    rows, columns, values: one entry per non-zero. shape: (texts, terms).
    """

    rows: IntArray
    columns: IntArray
    values: FloatArray
    shape: tuple[int, int]

    def dot(self, vector: FloatArray) -> FloatArray:
        """Matrix times vector: shape (terms,) to shape (texts,)."""
        return _sum_by_index(self.rows, self.values * vector[self.columns], self.shape[0])

    def transposed_dot(self, vector: FloatArray) -> FloatArray:
        """Transposed matrix times vector: shape (texts,) to shape (terms,)."""
        return _sum_by_index(self.columns, self.values * vector[self.rows], self.shape[1])


def _sum_by_index(indices: IntArray, values: FloatArray, count: int) -> FloatArray:
    """Sum of the values with each index 0 to count - 1."""
    return np.asarray(np.bincount(indices, values, count), dtype=np.float64)


def tf_idf(texts: Sequence[Sequence[str]], vocabulary: dict[str, int]) -> SparseMatrix:
    """TF-IDF rows of unit length, one per text.

    texts: the stems of each text. vocabulary: filled with the column of each stem.
    Term frequencies are sublinear, 1 + log(tf). Inverse document frequencies are
    smoothed, log((1 + n) / (1 + df)) + 1.
    """
    rows: list[int] = []
    columns: list[int] = []
    counts: list[int] = []
    for i, stems in enumerate(checked(texts)):
        for stem, count in Counter(stems).items():
            rows.append(i)
            columns.append(vocabulary.setdefault(stem, len(vocabulary)))
            counts.append(count)
    row = np.asarray(rows, dtype=np.int64)
    column = np.asarray(columns, dtype=np.int64)
    document_frequency = np.bincount(column, minlength=len(vocabulary))
    inverse = np.log((1 + len(texts)) / (1 + document_frequency)) + 1
    values = (1 + np.log(np.asarray(counts, dtype=np.float64))) * inverse[column]
    norms = np.sqrt(np.bincount(row, values**2, len(texts)))
    values /= np.where(norms[row] > 0, norms[row], 1)
    return SparseMatrix(row, column, values, (len(texts), len(vocabulary)))
