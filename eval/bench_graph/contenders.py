"""The questions of the graph benchmark, and who answers them: the project's stores, and networkx."""

from __future__ import annotations

import heapq
import math
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from kedrec.graphdb.drkg.files import kind_of, read_triples
from kedrec.graphdb.ranking import relation_weight
from kedrec.graphdb.store import GraphStore
from kedrec.records import Edge, Triple

if TYPE_CHECKING:
    from networkx import MultiDiGraph

    from kedrec.graphdb.drkg.files import Triples

__all__ = [
    "HUB_LIMIT",
    "KIND",
    "NEIGHBOURS",
    "PATHS",
    "SHARED",
    "BenchGraph",
    "KedrecStore",
    "LoadedPart",
    "NetworkxGraph",
    "Nodes",
    "OnePairAtATime",
    "rows_of",
]  # fmt: skip

Nodes = tuple[str, ...]
NEIGHBOURS, SHARED, PATHS, HUB_LIMIT = 50, 20, 10, 500
KIND = "Gene"
"""Kind of the shared neighbours asked for."""


@dataclass(frozen=True)
class LoadedPart:
    """What was loaded where everything would take too long."""

    triples: int
    """Triples that were loaded."""
    total: int
    """Triples that there are."""
    seconds: float
    """Wall-clock."""


class BenchGraph(Protocol):
    """A graph that answers the benchmark's questions."""

    def direct(self, a: str, b: str) -> list[Triple]:
        """Triples between two entities, either way, by relation and head."""
        ...

    def neighbours(self, a: str) -> list[Triple]:
        """The first triples at an entity, the least connected other ends first."""
        ...

    def shared(self, a: str, b: str, limit: int = SHARED) -> list[str]:
        """Genes next to both, the least connected first."""
        ...

    def paths(self, a: str, b: str, limit: int = PATHS) -> list[Nodes]:
        """Entities along the best paths of at most three edges that walk through no hub."""
        ...

    def evidence(self, pairs: Sequence[tuple[str, str]]) -> list[object]:
        """What there is on each (compound, disease) pair: triples, five genes, five paths of two or three edges."""
        ...


class KedrecStore:
    """A graph store of the project; it makes its records first, with all the edges of what is shared, then these lists.

    Args:
        store: embedded or Neo4j.
    """

    def __init__(self, store: GraphStore) -> None:
        self.store = store

    def direct(self, a: str, b: str) -> list[Triple]:
        """Triples between two entities."""
        return [(edge.head, edge.relation, edge.tail) for edge in self.store.direct(a, b)]

    def neighbours(self, a: str) -> list[Triple]:
        """The first triples at an entity."""
        found = self.store.neighbours(a, limit=NEIGHBOURS)
        return [(edge.head, edge.relation, edge.tail) for edge in found]

    def shared(self, a: str, b: str, limit: int = SHARED) -> list[str]:
        """Genes next to both."""
        return [found.entity.id for found in self.store.shared(a, b, kind=KIND, limit=limit)]

    def paths(self, a: str, b: str, limit: int = PATHS) -> list[Nodes]:
        """Entities along the best paths."""
        return [tuple(_walked(a, path.edges)) for path in self.store.paths(a, b, limit=limit, hub_limit=HUB_LIMIT)]

    def evidence(self, pairs: Sequence[tuple[str, str]]) -> list[object]:
        """The records of the pairs' evidence."""
        return list(self.store.batch_evidence(pairs))


def _walked(start: str, edges: Iterable[Edge]) -> Iterator[str]:
    yield start
    for edge in edges:
        start = edge.tail if start == edge.head else edge.head
        yield start


class OnePairAtATime(ABC):
    """Gathers evidence by the single questions."""

    @abstractmethod
    def direct(self, a: str, b: str) -> list[Triple]:
        """Triples between two entities, either way, by relation and head."""

    @abstractmethod
    def shared(self, a: str, b: str, limit: int = SHARED) -> list[str]:
        """Genes next to both, the least connected first."""

    @abstractmethod
    def paths(self, a: str, b: str, limit: int = PATHS) -> list[Nodes]:
        """Entities along the best paths of at most three edges that walk through no hub."""

    def evidence(self, pairs: Sequence[tuple[str, str]]) -> list[object]:
        """The answers to three questions of each pair."""
        return [(self.direct(*pair), self.shared(*pair, limit=5), self.paths(*pair, limit=6)) for pair in pairs]


class NetworkxGraph(OnePairAtATime):
    """A `networkx.MultiDiGraph` of ids, relations as keys, and searches in Python.

    Args:
        triples: the file.
    """

    def __init__(self, triples: Path) -> None:
        from networkx import MultiDiGraph

        self._graph: MultiDiGraph[str] = MultiDiGraph()
        for head, relation, tail in rows_of(read_triples([triples])):
            self._graph.add_edge(head, tail, key=relation)
        self._degrees = {node: len(self._near(node) - {node}) for node in self._graph}

    def _near(self, node: str) -> set[str]:
        return {*self._graph.succ[node], *self._graph.pred[node]}

    def direct(self, a: str, b: str) -> list[Triple]:
        """Triples between two entities."""
        ways = {(a, b), (b, a)}
        return sorted(
            ((head, relation, tail) for head, tail in ways for relation in self._graph.succ[head].get(tail, ())),
            key=lambda triple: triple[1::-1],
        )

    def neighbours(self, a: str) -> list[Triple]:
        """The first triples at an entity."""
        out = ((a, relation, tail) for tail, keys in self._graph.succ[a].items() for relation in keys)
        into = ((head, relation, a) for head, keys in self._graph.pred[a].items() if head != a for relation in keys)

        def rank(triple: Triple) -> tuple[int, str, str, str]:
            other = triple[2] if triple[0] == a else triple[0]
            return (self._degrees[other], other, triple[1], triple[0])

        return heapq.nsmallest(NEIGHBOURS, [*out, *into], key=rank)

    def shared(self, a: str, b: str, limit: int = SHARED) -> list[str]:
        """Genes next to both."""
        between = [node for node in (self._near(a) & self._near(b)) - {a, b} if kind_of(node) == KIND]
        return sorted(between, key=lambda node: (self._degrees[node], node))[:limit]

    def paths(self, a: str, b: str, limit: int = PATHS) -> list[Nodes]:
        """Entities along the best paths."""
        ours, theirs = self._steps(a, b), self._steps(b, a)
        found: list[tuple[float, Nodes]] = [(self._weight(a, b), (a, b))] if b in self._near(a) else []
        spread = {node: 1 / math.sqrt(self._degrees[node]) for node in {*ours, *theirs}}
        found += [(ours[node] * theirs[node] * spread[node], (a, node, b)) for node in ours.keys() & theirs.keys()]
        there = theirs.keys()
        for one, weight in ours.items():
            for two in self._near(one) & there - {one}:
                score = weight * spread[one] * self._weight(one, two) * spread[two] * theirs[two]
                found.append((score, (a, one, two, b)))
        best = heapq.nsmallest(limit, found, key=lambda path: (-round(path[0], 9), len(path[1]), path[1]))
        return [nodes for _, nodes in best]

    def _weight(self, one: str, two: str) -> float:
        succ = self._graph.succ
        relations = [*succ[one].get(two, ()), *succ[two].get(one, ())]
        return max(map(relation_weight, relations))

    def _steps(self, end: str, other: str) -> dict[str, float]:
        near = self._near(end) - {end, other}
        return {node: self._weight(end, node) for node in near if self._degrees[node] <= HUB_LIMIT}


def rows_of(found: Triples) -> Iterator[Triple]:
    """Yield the triples by id and name."""
    columns = zip(found.heads.tolist(), found.rels.tolist(), found.tails.tolist(), strict=True)
    return ((found.ids[head], found.relations[relation], found.ids[tail]) for head, relation, tail in columns)
