"""How answers are ranked, and how ties are broken: the same for every store.

A path is worth the product of its edges' weights, divided by the square root of the degree of each entity it walks
through: a path over a gene with four neighbours says more than one over a gene with four hundred.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kedrec.graphdb.drkg.files import source_of
from kedrec.records import Edge, GraphPath

__all__ = [
    "edge_key", "hub_penalties", "hub_penalty", "make_edge", "make_path", "neighbour_key", "path_key", "path_score",
    "relation_weight", "shared_key", "shared_score",
]  # fmt: skip

WEIGHTS: tuple[tuple[str, float], ...] = (
    (r"::treats::|::CtD::|::CpD::|GNBR::(T|Pa|Pr|C)::Compound:Disease", 1.0),
    (r"DRUGBANK::target::|::CbG::|DGIDB::|DrugHumGen|INTACT::.*Compound:Gene", 1.0),
    (r"::DaG::|GNBR::.*Gene:Disease|host_gene", 0.9),
    (r"GNBR::.*Compound:(Gene|Disease)", 0.7),
    (r"::(CrC|DrD|PCiC)::|x-atc", 0.7),
    (r"::(enzyme|carrier|transporter)::", 0.5),
    (r"::(GiG|GpPW|GpBP|DpS)::|STRING::|INTACT::|GNBR::.*Gene:Gene|HumGenHumGen", 0.5),
    (r"::([CDA][ude]G|Gr>G|GcG|GpMF|GpCC|DlA|CcSE)::", 0.3),
    (r"ddi-interactor|in_tax", 0.1),
)
"""What an edge is worth for explaining a drug's use, by a pattern for its relation; the first that fits counts."""
OTHER_WEIGHT = 0.4
"""For relations that none of the patterns fits."""

_PATTERNS = [(re.compile(pattern), weight) for pattern, weight in WEIGHTS]


@cache
def relation_weight(relation: str) -> float:
    """Return what an edge of this relation is worth, 0 to 1."""
    return next((weight for pattern, weight in _PATTERNS if pattern.search(relation)), OTHER_WEIGHT)


def make_edge(head: str, relation: str, tail: str) -> Edge:
    """Return the edge with its source database."""
    return Edge.trusted({"head": head, "relation": relation, "tail": tail, "source": source_of(relation)})


def edge_key(edge: Edge) -> tuple[str, str, str]:
    """Sort key of edges between the same two entities."""
    return (edge.relation, edge.head, edge.tail)


def best_key(edge: Edge) -> tuple[float, str, str, str]:
    """Sort key that puts the edge worth most first; the path takes it among parallel edges."""
    return (-relation_weight(edge.relation), *edge_key(edge))


def neighbour_key(edge: Edge, entity_id: str, degree: int) -> tuple[int, str, str, str]:
    """Sort key of the edges at an entity: the least connected other end first.

    Args:
        edge: the edge.
        entity_id: the entity asked about.
        degree: number of neighbours of the other end.
    """
    other = edge.tail if edge.head == entity_id else edge.head
    return (degree, other, edge.relation, edge.head)


def shared_score(degree: int) -> float:
    """Return the worth of a shared neighbour with this many neighbours."""
    return round(hub_penalty(degree), 9)


def shared_key(entity_id: str, degree: int) -> tuple[int, str]:
    """Sort key of shared neighbours: the least connected first."""
    return (degree, entity_id)


def hub_penalty(degree: int) -> float:
    """Return by what a path is worth less that walks through an entity with this many neighbours: 0 to 1."""
    return 1 / math.sqrt(max(degree, 1))


def hub_penalties(degrees: NDArray[np.integer[Any]]) -> NDArray[np.float64]:
    """Return the same for many entities at once, shape (entities,)."""
    return np.asarray(1 / np.sqrt(np.maximum(degrees, 1)))


def path_score(weights: Sequence[float], degrees: Sequence[int]) -> float:
    """Return the worth of a path.

    Args:
        weights: weight of each edge's relation.
        degrees: number of neighbours of each entity walked through.
    """
    score = 1.0
    for weight in weights:
        score *= weight
    for degree in degrees:
        score *= hub_penalty(degree)
    return round(score, 9)


def make_path(edges: Sequence[Edge], walked: Sequence[tuple[str, int]]) -> GraphPath:
    """Return the path with its score and what made it.

    Args:
        edges: in order, each the best among the parallel ones.
        walked: preferred name and number of neighbours of each entity walked through.
    """
    weights = tuple([relation_weight(edge.relation) for edge in edges])
    hubs = ", ".join([f"{name} ({degree} neighbours)" for name, degree in walked])
    why = f"relation weight {_product(weights)}; {'hub penalty for ' + hubs if hubs else 'no entity between'}"
    score = path_score(weights, [degree for _, degree in walked])
    return GraphPath.trusted({"edges": tuple(edges), "score": score, "why": why})


@cache
def _product(weights: tuple[float, ...]) -> str:
    return "·".join(f"{weight:g}" for weight in weights)


def path_key(path: GraphPath, nodes: Sequence[str]) -> tuple[float, int, tuple[str, ...]]:
    """Sort key of paths: best score, then fewest edges, then the ids along the way."""
    return (-path.score, len(path.edges), tuple(nodes))
