"""What hidden pairs conceal of a graph in Neo4j: their edges, and what that leaves of the entities at both ends."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any

from kedrec.graphdb import ranking
from kedrec.graphdb.neo4j import cypher
from kedrec.graphdb.neo4j.connection import Server
from kedrec.graphdb.store import HiddenPairs
from kedrec.records import Edge

__all__ = ["Concealed", "edge_of", "edges_between"]

PAIRS = 5_000
"""Pairs that one query asks about."""


def edges_between(server: Server, pairs: Sequence[tuple[str, str]]) -> Iterator[dict[str, Any]]:
    """Yield the edges between the two of each pair: a, b, head, relation, tail."""
    for start in range(0, len(pairs), PAIRS):
        yield from server.ask(cypher.BETWEEN, pairs=[list(pair) for pair in pairs[start : start + PAIRS]])


def edge_of(row: Mapping[str, Any]) -> Edge:
    """Return the edge of a row with head, relation and tail."""
    return ranking.make_edge(row["head"], row["relation"], row["tail"])


class Concealed:
    """What some pairs conceal; looked up when first needed.

    Args:
        server: the database.
        pairs: the hidden pairs; those without an edge conceal nothing.
    """

    def __init__(self, server: Server, pairs: HiddenPairs) -> None:
        self._server, self._pairs = server, pairs

    @cached_property
    def edges(self) -> list[Edge]:
        """The edges between hidden pairs."""
        pairs = sorted((min(pair), max(pair)) for pair in self._pairs if len(pair) == 2)
        return [edge_of(row) for row in edges_between(self._server, pairs)]

    def at(self, entity_id: str) -> list[str]:
        """The neighbours hidden from an entity."""
        return self._neighbours.get(entity_id, [])

    @cached_property
    def _neighbours(self) -> dict[str, list[str]]:
        found: dict[str, set[str]] = {}
        for edge in self.edges:
            found.setdefault(edge.head, set()).add(edge.tail)
            found.setdefault(edge.tail, set()).add(edge.head)
        return {entity_id: sorted(others) for entity_id, others in found.items()}

    @cached_property
    def degrees(self) -> dict[str, int]:
        """Id of each entity with a hidden neighbour -> how many neighbours it has left."""
        return {entity_id: degree for entity_id, (degree, _) in self._left.items()}

    @cached_property
    def bare(self) -> list[str]:
        """Ids of the entities that have no edge left."""
        return [entity_id for entity_id, (degree, loop) in self._left.items() if not degree and not loop]

    @cached_property
    def _left(self) -> dict[str, tuple[int, bool]]:
        rows = self._server.ask(cypher.DEGREES, ids=sorted(self._neighbours)) if self._neighbours else []
        return {row["id"]: (row["degree"] - len(self._neighbours[row["id"]]), bool(row["loop"])) for row in rows}
