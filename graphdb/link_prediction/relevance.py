"""How relevant each drug is to each disease, by the edges between them: equation (2) of KEDRec-LM.

The paper takes a drug as relevant to a disease by the edges that the graph has between the two. Here that is a sum over
relations: a curated statement of use counts 1, one mined from text (GNBR) 0.5, and a mined statement that the drug
brings the disease about (`Sa` side effect, `J` role in its origin) takes 0.5 away. The paper names no weights; these
are ours. `Mp` (marker) and everything else count nothing. Edges are read whichever way round they stand.
"""

from __future__ import annotations

import re

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from kedrec.graphdb.drkg.files import kind_of, source_of
from kedrec.graphdb.link_prediction.kernels import GraphArrays, is_therapeutic

__all__ = ["DrugUses", "relevance_weight"]

CURATED, MINED = 1.0, 0.5
_HARMFUL = re.compile(r"^GNBR::(Sa|J)::Compound:Disease$")


def relevance_weight(relation: str) -> float:
    """Return what an edge of this relation between a drug and a disease adds to the drug's relevance."""
    if is_therapeutic(relation):
        return MINED if source_of(relation) == "GNBR" else CURATED
    return -MINED if _HARMFUL.search(relation) else 0.0


class DrugUses:
    """What a graph states between its drugs and its diseases.

    Rows stand for drugs and columns for diseases, both in the order of the graph's ids.

    Args:
        arrays: the graph.
    """

    def __init__(self, arrays: GraphArrays) -> None:
        kinds = np.array([kind_of(entity_id) for entity_id in arrays.ids], dtype=object)
        self.drugs = np.flatnonzero(kinds == "Compound")
        """Place of each drug in the graph's ids, shape (drugs,)."""
        self.diseases = np.flatnonzero(kinds == "Disease")
        """Place of each disease in the graph's ids, shape (diseases,)."""
        self.drug_ids = [arrays.ids[place] for place in self.drugs.tolist()]
        self.disease_ids = [arrays.ids[place] for place in self.diseases.tolist()]
        self.relations = arrays.relations
        rows, columns, self._rels = self._edges(arrays)
        cells = rows * len(self.diseases) + columns
        order = np.argsort(cells, kind="stable")
        self._cells, self._rels = cells[order], self._rels[order]
        rows, columns = np.divmod(self._cells, max(len(self.diseases), 1))
        weights = np.array([relevance_weight(name) for name in arrays.relations], np.float64)[self._rels]
        good = np.array([is_therapeutic(name) for name in arrays.relations], np.bool_)[self._rels]
        shape = (len(self.drugs), len(self.diseases))
        self.relevance: sparse.csr_matrix = sparse.csr_matrix((weights, (rows, columns)), shape)
        """Relevance of each drug to each disease, shape (drugs, diseases); nothing stored where no edge is."""
        self.treats: sparse.csr_matrix = sparse.csr_matrix((np.ones(good.sum()), (rows[good], columns[good])), shape)
        """Number of therapeutic edges, shape (drugs, diseases)."""
        self.use_counts = np.diff(self.treats.indptr).astype(np.int64)
        """Diseases that each drug has a therapeutic edge to, shape (drugs,)."""
        size = len(arrays.ids)
        degrees = np.bincount(arrays.heads, minlength=size) + np.bincount(arrays.tails, minlength=size)
        self.drug_degrees, self.disease_degrees = degrees[self.drugs], degrees[self.diseases]
        """Triples at each drug and at each disease."""

    def _edges(self, arrays: GraphArrays) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int32]]:
        """Return row, column and relation of every triple between a drug and a disease, either way round."""
        row, column = (np.full(len(arrays.ids), -1, np.int64) for _ in range(2))
        row[self.drugs], column[self.diseases] = np.arange(len(self.drugs)), np.arange(len(self.diseases))
        forward = np.flatnonzero((row[arrays.heads] >= 0) & (column[arrays.tails] >= 0))
        backward = np.flatnonzero((column[arrays.heads] >= 0) & (row[arrays.tails] >= 0))
        rows = np.concatenate((row[arrays.heads[forward]], row[arrays.tails[backward]]))
        columns = np.concatenate((column[arrays.tails[forward]], column[arrays.heads[backward]]))
        return rows, columns, np.concatenate((arrays.rels[forward], arrays.rels[backward]))

    def stated(self, drug: int, disease: int) -> tuple[str, ...]:
        """Return the relations between the drug of a row and the disease of a column, each triple's once, sorted."""
        cell = drug * len(self.diseases) + disease
        first, last = np.searchsorted(self._cells, (cell, cell + 1)).tolist()
        return tuple(sorted(self.relations[rel] for rel in self._rels[first:last].tolist()))
