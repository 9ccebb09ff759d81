"""Which drugs the graph suggests for a disease: what similar drugs treat, and what treats similar diseases.

The treat edges that are not hidden are a matrix of drugs by diseases. A pair's own edge is never used to score the
pair, so that
a score says what the *rest* of the graph suggests. Hidden pairs are taken out before anything is computed: the same
numbers come
out as if those edges had never been loaded.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from kedrec.graphdb.link_prediction.kernels import weighted
from kedrec.graphdb.link_prediction.smoothing import CORE, Smoother, directions, joint, likeness, places_of, richest
from kedrec.graphdb.link_prediction.solutions import Solution, Solutions, key_of
from kedrec.graphdb.link_prediction.treatments import GraphFacts, without

__all__ = ["LINK_FIELDS", "LinkModel", "Neighbour"]


_Likenesses = Callable[[NDArray[np.int64]], dict[str, NDArray[np.float32]]]


REMEMBERED = 400
"""Entities whose likenesses are kept in memory, on either side."""


DRUG_WEIGHTS = {"targets": 1.0, "classes": 0.6, "effects": 0.4, "name": 0.5, "metabolism": 0.3, "expression": 0.2,
                "resemblance": 0.4, "uses": 1.0}  # fmt: skip
"""Weight of each kind of likeness in the joint likeness of drugs; ``uses`` is the likeness of what they treat."""


DISEASE_WEIGHTS = {"genes": 0.6, "symptoms": 0.5, "sites": 0.3, "likeness": 0.4, "name": 0.8, "uses": 1.5}
"""The same for diseases."""


RANK = 60
"""Directions of the treat matrix that the spectral completion keeps, at most."""


_SINGLE = ("targets", "classes", "effects", "name", "uses", "resemblance")


LINK_FIELDS = (
    "ridge", "ridge_smooth", "ridge_drug", "ridge_disease", "spectral", "walk",
    *(f"drug_{fact}_{how}" for fact in (*_SINGLE, "joint") for how in ("best", "some", "share")),
    *(f"disease_{fact}_{how}" for fact in ("genes", "name", "uses", "joint") for how in ("best", "some")),
    "degree",
)  # fmt: skip
"""What is computed for a pair from the treat edges of others."""


@dataclass(frozen=True)
class Neighbour:
    """A similar drug that treats the disease, or a similar disease that the drug treats."""

    id: str
    """Entity id."""
    likeness: float
    """Joint likeness, 0 to 1."""


class LinkModel:
    """Scores from the treat edges of a graph with some pairs hidden.

    Args:
        facts: The graph.
        hidden: (compound id, disease id) pairs, in either order, whose direct edges do not count.
        ridge: Strength of the first, finer regression, as a share of the mean diagonal.
        smooth: Strength of the second, smoother one.
        solutions: Where what takes long to solve is kept; solved each time where not given, or with pairs hidden.
    """

    def __init__(
        self,
        facts: GraphFacts,
        hidden: Iterable[Iterable[str]] = (),
        ridge: float = 0.3,
        smooth: float = 1.0,
        solutions: Solutions | None = None,
    ) -> None:
        self.facts = facts
        hidden = tuple(hidden)
        self.treats = without(facts, hidden)
        self.known_drugs = richest(np.diff(self.treats.indptr))
        self.known_diseases = richest(np.diff(sparse.csc_matrix(self.treats).indptr))
        self.core = self.treats[self.known_drugs][:, self.known_diseases]
        self._drug_place = places_of(self.known_drugs, len(facts.drug_ids))
        self._disease_place = places_of(self.known_diseases, len(facts.disease_ids))
        self.drugs = {**facts.drugs, "uses": weighted(self.treats)}
        self.diseases = {**facts.diseases, "uses": weighted(sparse.csr_matrix(self.treats.T))}
        self._drug_core = {name: sparse.csc_matrix(profile[self.known_drugs].T) for name, profile in self.drugs.items()}
        self._disease_core = {name: sparse.csc_matrix(p[self.known_diseases].T) for name, p in self.diseases.items()}
        self._held: dict[str, dict[int, dict[str, NDArray[np.float32]]]] = {"drug": {}, "disease": {}}
        self._solve((ridge, smooth), solutions, keep=not hidden)

    def _solve(self, strengths: tuple[float, ...], solutions: Solutions | None, keep: bool) -> None:
        """Prepare the two-step kernel ridge regressions and the spectral completion, or take them as they were kept."""
        if not len(self.known_drugs):
            return
        solve = partial(self._solution, strengths)
        found = solutions.get(self._key(strengths), solve, keep=keep) if solutions else solve()
        self._ridges = tuple(zip(found.drugs, found.diseases, strict=True))
        self._basis = found.basis

    def _solution(self, strengths: tuple[float, ...]) -> Solution:
        drug_kernel = joint(self.drugs, self._drug_core, self.known_drugs, DRUG_WEIGHTS)
        disease_kernel = joint(self.diseases, self._disease_core, self.known_diseases, DISEASE_WEIGHTS)
        return Solution(
            tuple(Smoother.over(drug_kernel, strength) for strength in strengths),
            tuple(Smoother.over(disease_kernel, strength) for strength in strengths),
            directions(self.core, min(RANK, min(self.core.shape) - 1)),
        )

    def _key(self, strengths: tuple[float, ...]) -> str:
        """The name of the solution: all that it depends on."""
        matrices = [("treats", self.treats), *self.drugs.items(), *self.diseases.items()]
        return key_of([strengths, RANK, CORE, DRUG_WEIGHTS, DISEASE_WEIGHTS], matrices)

    def drug_likeness(self, rows: NDArray[np.int64]) -> dict[str, NDArray[np.float32]]:
        """Return the likeness of drugs to those with known uses, by kind and ``joint``, shape (rows, known) each."""
        return self._remembered("drug", rows, lambda fresh: likeness(self.drugs, self._drug_core, fresh, DRUG_WEIGHTS))

    def disease_likeness(self, rows: NDArray[np.int64]) -> dict[str, NDArray[np.float32]]:
        """Return the likeness of diseases to those with known drugs, by kind and ``joint``, (rows, known) each."""
        return self._remembered(
            "disease", rows, lambda fresh: likeness(self.diseases, self._disease_core, fresh, DISEASE_WEIGHTS)
        )

    def _remembered(self, side: str, rows: NDArray[np.int64], compute: _Likenesses) -> dict[str, NDArray[np.float32]]:
        """Keep the likenesses of single entities, which a question asks for several times; not of long lists."""
        if len(rows) > 10:
            return compute(rows)
        held = self._held[side]
        chosen = {row: found for row in rows.tolist() if (found := held.get(row)) is not None}
        fresh = [row for row in dict.fromkeys(rows.tolist()) if row not in chosen]
        if fresh:
            tables = compute(np.array(fresh, dtype=np.int64))
            chosen |= {row: {name: table[i] for name, table in tables.items()} for i, row in enumerate(fresh)}
            for row in [row for row in list(held) if row not in chosen][: max(len(held) + len(fresh) - REMEMBERED, 0)]:
                held.pop(row, None)
            held.update(chosen)
        ordered = [chosen[row] for row in rows.tolist()]
        return {name: np.stack([one[name] for one in ordered]) for name in ordered[0]}

    def features(self, disease: str, drugs: Sequence[str]) -> NDArray[np.float32]:
        """Score drugs for a disease.

        Args:
            disease: Disease id.
            drugs: Compound ids.

        Returns:
            Columns as in ``LINK_FIELDS``, shape (drugs, fields); NaN where the graph does not have the entity.
        """
        table = np.full((len(drugs), len(LINK_FIELDS)), np.nan, np.float32)
        column = self.facts.disease_row.get(disease)
        rows = np.array([self.facts.drug_row.get(drug, -1) for drug in drugs], dtype=np.int64)
        if column is None or not len(self.known_drugs):
            return table
        known = rows >= 0
        if known.any():
            table[known] = self._scores(column, rows[known])
        return table

    def _scores(self, column: int, rows: NDArray[np.int64]) -> NDArray[np.float32]:
        drugs = self.drug_likeness(rows)
        disease = {name: row[0] for name, row in self.disease_likeness(np.array([column])).items()}
        uses = self.uses(column)
        parts = [*self._linear(column, rows, drugs["joint"], disease["joint"], uses)]
        parts += self._nearest_drugs(rows, drugs, uses)
        parts += self._nearest_diseases(column, rows, disease)
        degree = np.diff(self.treats.indptr)[rows] - np.asarray(self.treats[rows][:, [column]].toarray()).ravel()
        parts.append(np.log1p(np.maximum(degree, 0)))
        return np.stack(parts, axis=1).astype(np.float32)

    def uses(self, column: int) -> NDArray[np.float32]:
        """Return which known drugs treat the disease, shape (known drugs,)."""
        place = self._disease_place[column]
        if place < 0:
            return np.zeros(len(self.known_drugs), np.float32)
        return np.asarray(self.core[:, [place]].toarray(), np.float32).ravel()

    def _linear(
        self,
        column: int,
        rows: NDArray[np.int64],
        drugs: NDArray[np.float32],
        disease: NDArray[np.float32],
        uses: NDArray[np.float32],
    ) -> Iterable[NDArray[np.float32]]:
        """Yield the kernel ridge, spectral and walk scores of drugs for one disease, their own edges left out."""
        place = self._disease_place[column]
        own = self._drug_place[rows]
        self_edge = np.where(own >= 0, uses[np.maximum(own, 0)], 0)
        sides = []
        for left, right in self._ridges:
            weights, reach = left.rows(own, drugs), right.rows(np.array([place]), disease[None, :])[0]
            loss = weights[np.arange(len(rows)), np.maximum(own, 0)] * (reach[place] if place >= 0 else 0)
            yield np.asarray(weights @ (self.core @ reach) - self_edge * loss, np.float32)
            sides.append((weights, reach))
        weights, reach = sides[0]
        yield np.asarray(weights @ uses - self_edge * weights[np.arange(len(rows)), np.maximum(own, 0)], np.float32)
        reached = np.asarray(self.treats[rows][:, self.known_diseases] @ reach, np.float32)
        yield reached - self_edge * (reach[place] if place >= 0 else 0)
        yield self._spectral(rows, place, self_edge)
        share = disease / max(float(disease.sum()), 1e-6)
        near = drugs / np.maximum(drugs.sum(axis=1, keepdims=True), np.float32(1e-6))
        itself = near[np.arange(len(rows)), np.maximum(own, 0)] * (share[place] if place >= 0 else 0)
        yield np.asarray(near @ (self.core @ share) - self_edge * itself, np.float32)

    def _spectral(self, rows: NDArray[np.int64], place: int, self_edge: NDArray[np.float32]) -> NDArray[np.float32]:
        """Complete the drugs' rows from the main directions of the treat matrix, the question's own edges left out."""
        if place < 0:
            return np.zeros(len(rows), np.float32)
        uses = self.treats[rows][:, self.known_diseases]
        back = self._basis[place]
        return np.asarray(uses @ (self._basis @ back), np.float32).ravel() - self_edge * float(back @ back)

    def _nearest_drugs(
        self, rows: NDArray[np.int64], drugs: dict[str, NDArray[np.float32]], uses: NDArray[np.float32]
    ) -> list[NDArray[np.float32]]:
        """Return by likeness the best, the sum of the best five, and the share, among drugs of the disease."""
        treating = np.flatnonzero(uses)
        columns = []
        for fact in (*_SINGLE, "joint"):
            near = drugs[fact][:, treating].copy()
            near[self.known_drugs[treating][None, :] == rows[:, None]] = 0
            near.sort(axis=1)
            total = drugs[fact].sum(axis=1) - (drugs[fact] * (self.known_drugs[None, :] == rows[:, None])).sum(axis=1)
            best = near[:, -1] if near.shape[1] else np.zeros(len(rows), np.float32)
            columns += [best, near[:, -5:].sum(axis=1), near.sum(axis=1) / (total + 0.5)]
        return columns

    def _nearest_diseases(
        self, column: int, rows: NDArray[np.int64], disease: dict[str, NDArray[np.float32]]
    ) -> list[NDArray[np.float32]]:
        """Return by likeness the best and the sum of the best three among the other diseases a drug treats."""
        uses = np.asarray(self.treats[rows][:, self.known_diseases].toarray(), np.float32)
        place = self._disease_place[column]
        if place >= 0:
            uses[:, place] = 0
        columns = []
        for fact in ("genes", "name", "uses", "joint"):
            near = np.sort(uses * disease[fact][None, :], axis=1)
            columns += [near[:, -1], near[:, -3:].sum(axis=1)]
        return columns

    def similar_drugs(self, disease: str, drug: str, limit: int = 3) -> list[Neighbour]:
        """Return the drugs most like ``drug`` that treat the disease in the visible graph, itself left out."""
        column, row = self.facts.disease_row.get(disease), self.facts.drug_row.get(drug)
        if column is None or row is None or not len(self.known_drugs):
            return []
        near = self.drug_likeness(np.array([row]))["joint"][0] * self.uses(column)
        near[self.known_drugs == row] = 0
        return [
            Neighbour(self.facts.drug_ids[self.known_drugs[i]], float(near[i]))
            for i in np.argsort(-near)[:limit]
            if near[i] > 0.05
        ]

    def similar_diseases(self, disease: str, drug: str, limit: int = 3) -> list[Neighbour]:
        """Return the diseases most like ``disease`` that the drug treats in the visible graph, itself left out."""
        column, row = self.facts.disease_row.get(disease), self.facts.drug_row.get(drug)
        if column is None or row is None or not len(self.known_drugs):
            return []
        uses = self.treats[row].toarray().ravel()[self.known_diseases]
        near = self.disease_likeness(np.array([column]))["joint"][0] * uses
        near[self.known_diseases == column] = 0
        return [
            Neighbour(self.facts.disease_ids[self.known_diseases[i]], float(near[i]))
            for i in np.argsort(-near)[:limit]
            if near[i] > 0.05
        ]
