"""The protocol that every graph store keeps, and what its answers look like."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol

from kedrec.graphdb.groups import Groups
from kedrec.records import Edge, Entity, GraphPath, Match, Record

__all__ = ["MAX_HOPS", "GraphStats", "GraphStore", "HiddenPairs", "PairEvidence", "SharedNeighbour", "pair_evidence"]

HiddenPairs = frozenset[frozenset[str]]
"""Unordered (compound id, disease id) pairs whose direct edges are treated as if they had never been loaded."""
MAX_HOPS = 3
"""Most edges of a path."""


class SharedNeighbour(Record):
    """An entity next to both of two others."""

    entity: Entity
    """The entity between them."""
    first: tuple[Edge, ...]
    """Edges to the first."""
    second: tuple[Edge, ...]
    """Edges to the second."""
    score: float
    """Higher is better: fewer other neighbours."""


class PairEvidence(Record):
    """What the graph says of a (compound, disease) pair."""

    compound: str
    """Compound id."""
    disease: str
    """Disease id."""
    direct: tuple[Edge, ...]
    """Edges between them, either way."""
    shared_genes: tuple[SharedNeighbour, ...]
    """Genes next to both, best first."""
    paths: tuple[GraphPath, ...]
    """Paths of two and three edges, best first."""


class GraphStats(Record):
    """Size of a graph."""

    entities: int
    """Number of entities."""
    triples: int
    """Number of triples."""
    kinds: dict[str, int]
    """Entities by kind."""
    relations: dict[str, int]
    """Triples by relation."""
    source_sha256: str
    """Hash of the files it was built from."""


class GraphStore(Protocol):
    """A knowledge graph that can be asked; all lists are ranked alike by every store, ties included."""

    @property
    def source_sha256(self) -> str:
        """Hash of the files the graph was built from."""
        ...

    @property
    def groups(self) -> Groups:
        """Which ids are one drug or disease: asked about one of them, a store answers for all."""
        ...

    @property
    def is_remote(self) -> bool:
        """Whether a question waits for a server; else it is answered from memory in less time than a thread takes."""
        ...

    def get(self, entity_id: str) -> Entity | None:
        """The entity with this id."""
        ...

    def search(self, name: str, kinds: Sequence[str] | None = None, limit: int = 10) -> Match:
        """What a name (or an id) means; never a similar name in silence."""
        ...

    def direct(self, a: str, b: str) -> list[Edge]:
        """Edges between two entities, either way, sorted."""
        ...

    def neighbours(
        self, entity_id: str, relation: str | None = None, kind: str | None = None, limit: int = 50
    ) -> list[Edge]:
        """Edges at an entity, either way; the least connected other ends first."""
        ...

    def shared(self, a: str, b: str, kind: str = "Gene", limit: int = 20) -> list[SharedNeighbour]:
        """Entities of one kind next to both, the least connected first."""
        ...

    def paths(self, a: str, b: str, max_hops: int = 3, limit: int = 10, hub_limit: int = 500) -> list[GraphPath]:
        """Simple paths from a to b of at most `max_hops` edges that walk through no hub, best first."""
        ...

    def batch_evidence(self, pairs: Iterable[tuple[str, str]], limit: int = 5) -> list[PairEvidence]:
        """What the graph says of each (compound, disease) pair, in the order given."""
        ...

    def stats(self) -> GraphStats:
        """Size of the graph, hidden edges left out."""
        ...

    def unnamed(self) -> list[str]:
        """Ids of the entities with an edge that have no name, sorted."""
        ...

    def hiding(self, pairs: HiddenPairs) -> GraphStore:
        """The same graph as if the direct edges of these pairs, under all ids of both, had never been loaded."""
        ...


class SaysOfPairs(Protocol):
    """The part of a store that evidence is made of."""

    def direct(self, a: str, b: str) -> list[Edge]:
        """Edges between two entities, either way, sorted."""
        ...

    def shared(self, a: str, b: str, kind: str = "Gene", limit: int = 20) -> list[SharedNeighbour]:
        """Entities of one kind next to both, the least connected first."""
        ...

    def paths(self, a: str, b: str, max_hops: int = 3, limit: int = 10, hub_limit: int = 500) -> list[GraphPath]:
        """Simple paths from a to b of at most `max_hops` edges that walk through no hub, best first."""
        ...


def pair_evidence(
    store: SaysOfPairs, compound: str, disease: str, limit: int, paths: Sequence[GraphPath] | None = None
) -> PairEvidence:
    """What a store says of one pair; at most `limit` shared genes and paths.

    Args:
        store: the store.
        compound: compound id.
        disease: disease id.
        limit: most shared genes, and most paths.
        paths: the best paths between the two where they were searched before, enough of them and best first.
    """
    direct = store.direct(compound, disease)
    if paths is None:
        paths = store.paths(compound, disease, limit=limit + bool(direct))
    return PairEvidence.trusted(
        {
            "compound": compound,
            "disease": disease,
            "direct": tuple(direct),
            "shared_genes": tuple(store.shared(compound, disease, limit=limit)),
            "paths": tuple([path for path in paths if len(path.edges) > 1][:limit]),
        }
    )
