"""Drugs, diseases, their facts, and which drug is used for which disease, as the graph has it.

Of a drug or disease with several ids, all facts stand in the row of the first; the other ids lead to that row.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from kedrec.graphdb.joined_arrays import joined
from kedrec.graphdb.kernels import GraphArrays, Profile, disease_profiles, drug_profiles, is_therapeutic
from kedrec.records import edge_source

__all__ = ["GraphFacts", "without"]


class GraphFacts:
    """What the scores need from a graph whatever is hidden: drugs, diseases, their profiles, and the therapeutic edges.

    Args:
        arrays: The graph.
    """

    def __init__(self, arrays: GraphArrays) -> None:
        self.groups = arrays.groups
        as_loaded, arrays = arrays, joined(arrays)
        kinds = np.array([name.split("::", 1)[0] for name in arrays.ids])
        self.source = arrays.source_sha256
        drugs, diseases = np.flatnonzero(kinds == "Compound"), np.flatnonzero(kinds == "Disease")
        self.drug_ids = [arrays.ids[i] for i in drugs.tolist()]
        self.disease_ids = [arrays.ids[i] for i in diseases.tolist()]
        self.drug_names = [arrays.names[i] for i in drugs.tolist()]
        self.disease_names = [arrays.names[i] for i in diseases.tolist()]
        self.drug_row, self.disease_row = self._rows(self.drug_ids), self._rows(self.disease_ids)
        self.drugs = drug_profiles(arrays, drugs)
        self.diseases = disease_profiles(arrays, diseases)
        self.treats = _treats(arrays, drugs, diseases)
        self.statements = _statements(as_loaded, arrays)

    def _rows(self, ids: list[str]) -> dict[str, int]:
        """Return the row of each id: that of the first of its group."""
        rows = {name: row for row, name in enumerate(ids)}
        return {name: rows[self.groups.of(name)[0]] for name in rows}

    def stated(self, drug: str, disease: str) -> tuple[str, ...]:
        """Return the therapeutic edges between a drug and a disease, as ``head|relation|tail``."""
        return self.statements.get(frozenset((self.groups.of(drug)[0], self.groups.of(disease)[0])), ())

    def name(self, entity_id: str) -> str:
        """Return the preferred name of a drug or disease, its id where the graph does not have it."""
        if entity_id in self.drug_row:
            return self.drug_names[self.drug_row[entity_id]]
        row = self.disease_row.get(entity_id)
        return entity_id if row is None else self.disease_names[row]


def _statements(arrays: GraphArrays, ends: GraphArrays) -> dict[frozenset[str], tuple[str, ...]]:
    """Return the therapeutic edges of each (drug, disease) pair, as ``head|relation|tail``.

    Args:
        arrays: The graph as it was loaded, which is cited.
        ends: The same graph with the first ids of groups at both ends, by which the pairs are found.
    """
    good = np.array([is_therapeutic(name) for name in arrays.relations], dtype=bool)
    edges = np.flatnonzero(good[arrays.rels]) if len(good) else np.zeros(0, np.int64)
    found: dict[frozenset[str], set[str]] = defaultdict(set)
    for i in edges.tolist():
        head, relation, tail = (
            arrays.ids[arrays.heads[i]],
            arrays.relations[arrays.rels[i]],
            arrays.ids[arrays.tails[i]],
        )
        pair = frozenset((arrays.ids[ends.heads[i]], arrays.ids[ends.tails[i]]))
        found[pair].add(edge_source(head, relation, tail))
    return {pair: tuple(sorted(texts)) for pair, texts in found.items()}


def _treats(arrays: GraphArrays, drugs: NDArray[np.int64], diseases: NDArray[np.int64]) -> Profile:
    """Return the therapeutic edges, either way round, as ones, shape (drugs, diseases)."""
    good = np.array([is_therapeutic(name) for name in arrays.relations], dtype=bool)
    edges = good[arrays.rels] if len(good) else np.zeros(len(arrays.rels), bool)
    row = np.full(len(arrays.ids), -1, np.int64)
    row[drugs] = np.arange(len(drugs))
    column = np.full(len(arrays.ids), -1, np.int64)
    column[diseases] = np.arange(len(diseases))
    heads, tails = arrays.heads[edges], arrays.tails[edges]
    first, second = np.concatenate((heads, tails)), np.concatenate((tails, heads))
    known = (row[first] >= 0) & (column[second] >= 0)
    values = np.ones(int(known.sum()), np.float32)
    matrix = sparse.csr_matrix((values, (row[first][known], column[second][known])), (len(drugs), len(diseases)))
    matrix.data[:] = 1
    return matrix


def without(facts: GraphFacts, hidden: Iterable[Iterable[str]]) -> Profile:
    """Return the treat matrix with hidden pairs taken out."""
    matrix = sparse.csr_matrix(facts.treats, copy=True)
    cells = [_cell(facts, *pair) for pair in hidden]
    cells = [cell for cell in cells if cell is not None]
    if not cells:
        return matrix
    rows, columns = np.array(cells, dtype=np.int64).T
    mask = sparse.csr_matrix((np.ones(len(rows), np.float32), (rows, columns)), matrix.shape)
    mask.data[:] = 1
    matrix = sparse.csr_matrix(matrix - matrix.multiply(mask))
    matrix.eliminate_zeros()
    return matrix


def _cell(facts: GraphFacts, one: str, other: str) -> tuple[int, int] | None:
    """Return row and column of a pair in the treat matrix, whichever way round it is given."""
    for drug, disease in ((one, other), (other, one)):
        if drug in facts.drug_row and disease in facts.disease_row:
            return facts.drug_row[drug], facts.disease_row[disease]
    return None
