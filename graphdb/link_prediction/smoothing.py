"""Likeness matrices and the linear algebra over them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import linalg, sparse

from kedrec.graphdb.link_prediction.kernels import Profile

__all__ = ["CORE", "Smoother", "directions", "joint", "likeness", "places_of", "richest"]


CORE = 3_000
"""Most drugs, and most diseases, that scores are learnt from; on larger graphs those with the most known uses."""


def likeness(
    profiles: dict[str, Profile], core: dict[str, sparse.csc_matrix], rows: NDArray[np.int64], weights: dict[str, float]
) -> dict[str, NDArray[np.float32]]:
    """Return cosines by kind, and their weighted mean as ``joint``."""
    found = {name: np.asarray((profile[rows] @ core[name]).toarray(), np.float32) for name, profile in profiles.items()}
    total = sum(weights[name] for name in profiles)
    joint = np.zeros_like(next(iter(found.values())))
    for name, cosines in found.items():
        joint += np.float32(weights[name] / total) * cosines
    return {**found, "joint": joint}


def joint(
    profiles: dict[str, Profile], core: dict[str, sparse.csc_matrix], rows: NDArray[np.int64], weights: dict[str, float]
) -> NDArray[np.float32]:
    """Return the weighted mean of the cosines alone, which takes less memory."""
    total = sum(weights[name] for name in profiles)
    joint = np.zeros((len(rows), next(iter(core.values())).shape[1]), np.float32)
    for name, profile in profiles.items():
        part = sparse.coo_matrix(profile[rows] @ core[name])
        joint[part.row, part.col] += np.float32(weights[name] / total) * part.data
    return joint


def richest(counts: NDArray[np.int32]) -> NDArray[np.int64]:
    """Return, in order, the rows with any count; of more than ``CORE`` those with the highest."""
    rows = np.flatnonzero(counts)
    return np.sort(rows[np.argsort(-counts[rows], kind="stable")[:CORE]])


def places_of(known: NDArray[np.int64], size: int) -> NDArray[np.int64]:
    """Return the place of each entity among the known ones, -1 elsewhere."""
    places = np.full(size, -1, np.int64)
    places[known] = np.arange(len(known))
    return places


class Smoother:
    """Kernel ridge regression as a linear map: the weights with which the known answers make up an entity's answer.

    Args:
        ridge: What the kernel's diagonal is raised by.
        inverse: Inverse of the raised kernel, shape (known, known).
    """

    def __init__(self, ridge: np.float32, inverse: NDArray[np.float32]) -> None:
        self.ridge, self.inverse = ridge, inverse

    @classmethod
    def over(cls, kernel: NDArray[np.float32], strength: float) -> Smoother:
        """Solve the regression over a kernel.

        Args:
            kernel: Likeness of the known entities among each other, shape (known, known).
            strength: Ridge as a share of the kernel's mean diagonal.
        """
        ridge = np.float32(strength * float(np.mean(np.diag(kernel))) + 1e-6)
        system = kernel.copy()
        system[np.diag_indices_from(system)] += ridge
        return cls(ridge, np.asarray(linalg.inv(system, overwrite_a=True, check_finite=False), np.float32))

    def rows(self, places: NDArray[np.int64], likeness: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the weights of entities, shape (entities, known).

        Args:
            places: Place of each entity among the known ones, -1 for others.
            likeness: Likeness of each to the known ones; read for the others only, as K(K+r)⁻¹ = 1 − r(K+r)⁻¹.
        """
        weights = -self.ridge * self.inverse[np.maximum(places, 0)]
        known = np.flatnonzero(places >= 0)
        weights[known, places[known]] += 1
        others = np.flatnonzero(places < 0)
        if len(others):
            weights[others] = likeness[others] @ self.inverse
        return np.asarray(weights, np.float32)


def directions(matrix: Profile, rank: int) -> NDArray[np.float32]:
    """Return the main directions of the disease side of a drugs-by-diseases matrix, shape (diseases, rank)."""
    if rank < 1:
        return np.zeros((matrix.shape[1], 0), np.float32)
    gram = np.asarray((matrix.T @ matrix).toarray(), np.float64)
    size = len(gram)
    _, vectors = linalg.eigh(gram, subset_by_index=(size - rank, size - 1))
    return np.asarray(vectors, np.float32)
