"""Drugs, diseases, their facts, and which drug is used for which disease, as the graph has it.

Of a drug or disease with several ids, all facts stand in the row of the first; the other ids lead to that row.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from kedrec.arrays import Indices
from kedrec.graphdb.link_prediction.joined_arrays import joined
from kedrec.graphdb.link_prediction.kernels import GraphArrays, Profile, disease_profiles, drug_profiles, is_therapeutic
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
        self._places = drugs, diseases
        self._statements = _Statements(as_loaded, arrays)

    def _rows(self, ids: list[str]) -> dict[str, int]:
        """Return the row of each id: that of the first of its group."""
        rows = {name: row for row, name in enumerate(ids)}
        return {name: rows[self.groups.of(name)[0]] for name in rows}

    def stated(self, drug: str, disease: str) -> tuple[str, ...]:
        """Return the therapeutic edges between a drug and a disease, either way, by their source ids, sorted."""
        row, column = self.drug_row.get(drug), self.disease_row.get(disease)
        if row is None or column is None:
            return ()
        return self._statements.between(int(self._places[0][row]), int(self._places[1][column]))

    def name(self, entity_id: str) -> str:
        """Return the preferred name of a drug or disease, its id where the graph does not have it."""
        if entity_id in self.drug_row:
            return self.drug_names[self.drug_row[entity_id]]
        row = self.disease_row.get(entity_id)
        return entity_id if row is None else self.disease_names[row]


class _Statements:
    """The therapeutic edges of the whole graph; put into words for the pairs that are asked for.

    Args:
        arrays: The graph as it was loaded, which is cited.
        ends: The same graph with the first ids of groups at both ends, by which the pairs are found.
    """

    def __init__(self, arrays: GraphArrays, ends: GraphArrays) -> None:
        good = np.array([is_therapeutic(name) for name in arrays.relations], dtype=bool)
        edges = np.flatnonzero(good[arrays.rels]) if len(good) else np.zeros(0, np.int64)
        self._cited = arrays.heads[edges], arrays.rels[edges], arrays.tails[edges]
        self._arrays, self._size = arrays, len(arrays.ids)
        keys = self._key(ends.heads[edges].astype(np.int64), ends.tails[edges].astype(np.int64))
        self._order = np.argsort(keys, kind="stable")
        self._keys = keys[self._order]

    def _key(self, one: Indices, other: Indices) -> Indices:
        return np.minimum(one, other) * self._size + np.maximum(one, other)

    def between(self, one: int, other: int) -> tuple[str, ...]:
        """Return the edges between two entities, either way, by their source ids, sorted."""
        key = self._key(np.array([one], np.int64), np.array([other], np.int64))
        start, end = np.searchsorted(self._keys, [key[0], key[0] + 1])
        found = (tuple(int(ends[i]) for ends in self._cited) for i in self._order[start:end])
        ids, relations = self._arrays.ids, self._arrays.relations
        return tuple(sorted({edge_source(ids[head], relations[rel], ids[tail]) for head, rel, tail in found}))


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
