"""Which rows of a matrix of embeddings are most alike, by cosine."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
from numpy.typing import NDArray

__all__ = ["Nearest"]

SHORTLIST = 512
BLOCK = 256
DECIMALS = 9
"""Cosines are compared at this precision, so that equal vectors tie on every machine."""
SLACK = 1e-5
"""More than a cosine in single precision may be off by."""


class Nearest:
    """The neighbours of each row, nearest first; ties by row.

    A shortlist comes from one product in single precision over many rows at once, less those too close to its end to
    be sure of. Its order, and everything beyond it, comes from double precision without a library whose sums depend on
    the number of threads.

    Args:
        vectors: shape (rows, dimension), none of length zero.
    """

    def __init__(self, vectors: NDArray[np.float32]) -> None:
        exact = vectors.astype(np.float64)
        self._unit = exact / np.sqrt(np.einsum("ij,ij->i", exact, exact))[:, None]
        self._single = self._unit.astype(np.float32)
        self._shortlists: dict[int, tuple[NDArray[np.int64], NDArray[np.float64]]] = {}

    def prepare(self, rows: Iterable[int]) -> None:
        """Make the shortlists of many rows at once, which is much faster than one by one."""
        missing = sorted(set(rows) - self._shortlists.keys())
        kept = min(SHORTLIST, len(self._single) - 1)
        for start in range(0, len(missing) if kept > 0 else 0, BLOCK):
            block = missing[start : start + BLOCK]
            cosines = self._single[block] @ self._single.T
            cosines[np.arange(len(block)), block] = -np.inf
            best = np.argpartition(-cosines, kept - 1, axis=1)[:, :kept]
            for row, known, short in zip(block, cosines, best, strict=True):
                sure = short[known[short] > known[short].min() + SLACK]
                self._shortlists[row] = self._ordered(row, sure)

    def of(self, row: int) -> Iterator[tuple[int, float]]:
        """Yield every other row with its cosine, nearest first."""
        self.prepare([row])
        first, cosines = self._shortlists.get(row, (np.zeros(0, np.int64), np.zeros(0)))
        yield from zip(first.tolist(), cosines.tolist(), strict=True)
        rest = np.setdiff1d(np.arange(len(self._unit)), np.append(first, row))
        others, cosines = self._ordered(row, rest)
        yield from zip(others.tolist(), cosines.tolist(), strict=True)

    def _ordered(self, row: int, others: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        cosines = np.round(np.einsum("ij,j->i", self._unit[others], self._unit[row]), DECIMALS)
        order = np.lexsort((others, -cosines))
        return others[order], cosines[order]
