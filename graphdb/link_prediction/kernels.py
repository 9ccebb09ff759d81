"""How alike two drugs or two diseases are, by what the graph says of them.

Each entity has one profile per kind of fact: a drug's targets, classes, side effects, the stems of its name; a
disease's genes,
symptoms, sites and name. Two entities are alike in a kind of fact by the cosine of their profiles, rare facts weighing
more.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from kedrec.graphdb.groups import Groups

__all__ = [
    "GraphArrays", "Profile", "cosine", "disease_profiles", "drug_profiles", "grams", "is_therapeutic", "stems_of",
    "weighted", "words_of",
]  # fmt: skip

Profile = sparse.csr_matrix
"""Entities of one kind by facts, rows of unit length (or empty), float32."""

DRUG_FACTS: dict[str, str] = {
    "targets": r"::target::Compound:Gene|::CbG::|GNBR::[ABEKNOZ][+-]?::Compound:Gene",
    "metabolism": r"::(enzyme|carrier|transporter)::Compound:Gene",
    "classes": r"::PCiC::|atc",
    "effects": r"::CcSE::",
    "expression": r"::C[ud]G::",
    "resemblance": r"::CrC::",
}
"""Kinds of facts about drugs, by a pattern for the relations that state them."""

DISEASE_FACTS: dict[str, str] = {
    "genes": r"::D[aud]G::|GNBR::[A-Z][a-z]?::Gene:Disease",
    "symptoms": r"::DpS::",
    "sites": r"::DlA::",
    "likeness": r"::DrD::",
}
"""Kinds of facts about diseases, by a pattern for the relations that state them."""

_THERAPEUTIC = re.compile(r"::(treats|CtD|CpD|T|Pa|Pr|C)::Compound:Disease$|^DRUGBANK::treats")


class GraphArrays(Protocol):
    """A graph as arrays; the embedded store is one."""

    @property
    def ids(self) -> Sequence[str]:
        """Entity ids in index order."""
        ...

    @property
    def names(self) -> Sequence[str]:
        """Preferred names in index order."""
        ...

    @property
    def relations(self) -> Sequence[str]:
        """Relation names in index order."""
        ...

    @property
    def heads(self) -> NDArray[np.int32]:
        """Head of each triple."""
        ...

    @property
    def rels(self) -> NDArray[np.int32]:
        """Relation of each triple."""
        ...

    @property
    def tails(self) -> NDArray[np.int32]:
        """Tail of each triple."""
        ...

    @property
    def source_sha256(self) -> str:
        """Hash of the files the graph was built from."""
        ...

    @property
    def groups(self) -> Groups:
        """Which ids are one drug or disease."""
        ...

    def synonyms(self, i: int) -> tuple[str, ...]:
        """Other names of an entity."""
        ...


def is_therapeutic(relation: str) -> bool:
    """Say whether a Compound–Disease relation states a use of the drug.

    ``treats``, ``CtD``, ``CpD`` (palliates) and GNBR's T, Pa, Pr and C do; GNBR's Sa (side effect), J (role in the
    disease) and
    Mp (marker) do not.

    Args:
        relation: DRKG's relation name.
    """
    return bool(_THERAPEUTIC.search(relation))


def drug_profiles(arrays: GraphArrays, drugs: NDArray[np.int64]) -> dict[str, Profile]:
    """Return one profile per kind of fact for drugs, rows in the order of ``drugs``.

    Args:
        arrays: The graph.
        drugs: Entity indices.
    """
    found = {fact: _facts(arrays, drugs, pattern) for fact, pattern in DRUG_FACTS.items()}
    return found | {"name": grams([_name(arrays, i) for i in drugs.tolist()], stems_of)}


def disease_profiles(arrays: GraphArrays, diseases: NDArray[np.int64]) -> dict[str, Profile]:
    """Return one profile per kind of fact for diseases, rows in the order of ``diseases``.

    Args:
        arrays: The graph.
        diseases: Entity indices.
    """
    found = {fact: _facts(arrays, diseases, pattern) for fact, pattern in DISEASE_FACTS.items()}
    texts = [" ".join((_name(arrays, i), *arrays.synonyms(i)[:12])) for i in diseases.tolist()]
    return found | {"name": grams(texts, words_of)}


def _name(arrays: GraphArrays, i: int) -> str:
    """Return the preferred name of an entity, nothing where it has none but its id."""
    return "" if arrays.names[i] == arrays.ids[i] else arrays.names[i]


def _facts(arrays: GraphArrays, chosen: NDArray[np.int64], pattern: str) -> Profile:
    """Gather the neighbours of the chosen entities along matching relations, either way.

    An entity that a likeness leads to is its own neighbour as well.
    """
    wanted = re.compile(pattern)
    match = np.array([bool(wanted.search(name)) for name in arrays.relations], dtype=bool)
    edges = match[arrays.rels] if len(match) else np.zeros(len(arrays.rels), bool)
    heads, tails, rels = arrays.heads[edges], arrays.tails[edges], arrays.rels[edges]
    row_of = np.full(len(arrays.ids), -1, dtype=np.int64)
    row_of[chosen] = np.arange(len(chosen))
    rows = np.concatenate((row_of[heads], row_of[tails]))
    facts = np.concatenate((tails, heads))
    own = (row_of[facts] >= 0) & (rows >= 0)
    rows = np.concatenate((rows, rows[own]))
    facts = np.concatenate((facts, chosen[rows[: len(own)][own]] if own.any() else facts[:0]))
    del rels
    known = rows >= 0
    shape = (len(chosen), len(arrays.ids))
    matrix = sparse.csr_matrix((np.ones(int(known.sum()), np.float32), (rows[known], facts[known])), shape)
    matrix.data[:] = 1
    return weighted(matrix)


def weighted(matrix: Profile, power: float = 1.0) -> Profile:
    """Weigh facts by their rarity and bring rows to unit length.

    Args:
        matrix: Entities by facts, counts or ones.
        power: Exponent of the inverse document frequency.

    Returns:
        A new matrix; empty rows stay empty.
    """
    result = sparse.csr_matrix(matrix, dtype=np.float32, copy=True)
    frequency = np.bincount(result.indices, minlength=result.shape[1])
    rows = max(int((np.diff(result.indptr) > 0).sum()), 1)
    rarity = np.log((1 + rows) / (1 + frequency)).astype(np.float32) + np.float32(0.1)
    result.data *= np.maximum(rarity[result.indices], np.float32(0.1)) ** np.float32(power)
    squares = np.asarray(result.multiply(result).sum(axis=1)).ravel()
    scale = 1 / np.sqrt(np.where(squares > 0, squares, 1))
    result.data *= np.repeat(scale, np.diff(result.indptr)).astype(np.float32)
    return result


def grams(texts: Sequence[str], split: Callable[[str], Iterable[str]]) -> Profile:
    """Make profiles of the pieces that ``split`` takes from each text."""
    index: dict[str, int] = {}
    columns = [[index.setdefault(piece, len(index)) for piece in dict.fromkeys(split(text))] for text in texts]
    lengths = np.array([len(row) for row in columns], dtype=np.int64)
    flat = np.array([column for row in columns for column in row], dtype=np.int64)
    rows = np.repeat(np.arange(len(texts)), lengths)
    return weighted(sparse.csr_matrix((np.ones(len(flat), np.float32), (rows, flat)), (len(texts), max(len(index), 1))))


def stems_of(name: str) -> Iterable[str]:
    """Yield the pieces of a drug's name that tell its class: endings (``-olol``, ``-tinib``) and beginnings."""
    words = [word for word in re.findall(r"[a-z]+", name.lower()) if len(word) > 3]
    for word in words[:3]:
        for size in (4, 5, 6):
            yield f"{word[-size:]}$"
        yield f"^{word[:4]}"
        yield f"^{word[:6]}"
        yield word


def words_of(name: str) -> Iterable[str]:
    """Yield the words of a disease's names by their first six letters, so that ``asthma`` and ``asthmatic`` meet."""
    for word in re.findall(r"[a-z]+", name.lower()):
        if len(word) > 3 and word not in _EMPTY:
            yield word[:6]


_EMPTY = frozenset(
    re.findall(
        r"\S+",
        """
    disease diseases disorder disorders syndrome with other type primary unspecified finding acute chronic
""",
    )
)
"""Words of disease names that tell nothing."""


def cosine(left: Profile, right: Profile) -> NDArray[np.float32]:
    """Return the cosines between the rows of two profile matrices, shape (left rows, right rows)."""
    return np.asarray((left @ right.T).toarray(), dtype=np.float32)
