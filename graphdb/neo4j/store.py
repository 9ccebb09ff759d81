"""The graph in Neo4j: asked over Bolt, ranked and named as the embedded store does."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import Any

from kedrec.errors import NotReady
from kedrec.graphdb import ranking
from kedrec.graphdb.drkg.files import kind_of
from kedrec.graphdb.groups import Groups
from kedrec.graphdb.joining import IdPair, Joining, Ranked
from kedrec.graphdb.neo4j import cypher
from kedrec.graphdb.neo4j.connection import Server
from kedrec.graphdb.neo4j.hidden_pairs import Concealed, edge_of, edges_between
from kedrec.graphdb.neo4j.names import FetchedNames, fetched_names
from kedrec.graphdb.ranking import hub_penalty
from kedrec.graphdb.store import GraphStats, HiddenPairs, PairEvidence, SharedNeighbour, pair_evidence
from kedrec.records import Edge, Entity, GraphPath, Match

__all__ = ["FORMAT", "Neo4jStore"]

FORMAT = 1
"""Version of the schema; a graph of another version must be loaded again."""
SLACK, MARGIN = 1e-6, 1e-8
"""Relative and absolute difference below which scores are distinguished later, by the common ranking."""

PathNodes = tuple[str, ...]
"""Ids along a path."""


@dataclass(frozen=True)
class _Step:
    """An entity next to one end of a path."""

    name: str
    degree: int
    weight: float
    """That of the best edge."""

    @property
    def worth(self) -> float:
        return self.weight * hub_penalty(self.degree)


class _Graph:
    """What all views of one graph share."""

    def __init__(self, server: Server, graph: Mapping[str, Any], names_in: Path | None) -> None:
        self.server, self._names_in = server, names_in
        self.stats = GraphStats.model_validate(json.loads(graph["stats"]))
        self.groups = Groups(line.split("\t") for line in graph.get("groups", ()))
        self.weights = {relation: ranking.relation_weight(relation) for relation in self.stats.relations}

    @cached_property
    def names(self) -> FetchedNames:
        return fetched_names(lambda: self.server.ask(cypher.ENTITIES), self.stats.source_sha256, self._names_in)


class Neo4jStore(Joining):
    """The graph in a Neo4j database, or a view of it with some pairs hidden; see `GraphStore`."""

    def __init__(self, graph: _Graph, hidden: HiddenPairs = frozenset()) -> None:
        self._graph, self._server = graph, graph.server
        self.hidden: HiddenPairs = hidden
        self._gone = Concealed(self._server, hidden)

    @classmethod
    def open(cls, server: Server, names_in: Path | None = None) -> Neo4jStore:
        """Open the graph of a database.

        Args:
            server: the database.
            names_in: folder in which a copy of the names is kept from one process to the next; none where None.

        Raises:
            NotReady: none was loaded, it is not complete, or it has another format.
        """
        found = server.ask(cypher.GRAPH)
        graph: dict[str, Any] = found[0]["graph"] if found else {}
        where = f"The database {server.database!r} at {server.uri}"
        if not graph:
            raise NotReady(f"{where} holds no graph. Load one: kedrec graph load FILE --names FILE --store neo4j")
        if graph.get("state") != "ready" or graph.get("format") != FORMAT:
            raise NotReady(f"{where} holds a graph whose load was not finished. Run the same load again; it goes on.")
        return cls(_Graph(server, graph, names_in))

    @property
    def source_sha256(self) -> str:
        """Hash of the files the graph was built from."""
        return self._graph.stats.source_sha256

    @property
    def groups(self) -> Groups:
        """Which ids are one drug or disease; none in a graph that was loaded before they were looked for."""
        return self._graph.groups

    @property
    def is_remote(self) -> bool:
        """Always, a server on this machine included."""
        return True

    def close(self) -> None:
        """Close the connection, of all views of this graph."""
        self._server.close()

    def hiding(self, pairs: HiddenPairs) -> Neo4jStore:
        """The same graph as if the direct edges of these pairs, and those hidden already, had never been loaded.

        Pairs of other ids of the same two are hidden with them: the answer would be known from their edges.
        """
        return Neo4jStore(self._graph, self.hidden | self.groups.spread(pairs))

    def get(self, entity_id: str) -> Entity | None:
        """The entity with this id."""
        found = self._server.ask(cypher.ENTITY, id=entity_id)
        if not found or not self._shown(entity_id, **found[0]):
            return None
        return _entity(entity_id, found[0])

    def search(self, name: str, kinds: Sequence[str] | None = None, limit: int = 10) -> Match:
        """What a name (or an id) means; never a similar name in silence. The first name fetches the index of names."""
        entity = self.get(name.strip()) if "::" in name else None
        if entity and (not kinds or entity.kind in kinds):
            return Match(query=name, match="exact", entity=entity)
        return self._graph.names.resolver.resolve(name, kinds, limit, self._visible)

    def _direct(self, a: str, b: str) -> list[Edge]:
        return self._between([(a, b)])[a, b]

    def _neighbours(self, entity_id: str, relation: str | None, kind: str | None, limit: int) -> Ranked:
        rows = self._server.ask(
            cypher.NEIGHBOURS,
            id=entity_id,
            relation=relation,
            kind=kind,
            gone=self._gone.at(entity_id),
            degrees=self._gone.degrees,
            limit=max(limit, 0),
        )
        return [(edge_of(row), int(row["degree"])) for row in rows]

    def _shared(self, a: str, b: str, kind: str, limit: int) -> list[SharedNeighbour]:
        if a == b or limit < 1:
            return []
        gone = [a, b, *self._gone.at(a), *self._gone.at(b)]
        rows = self._server.ask(cypher.SHARED, a=a, b=b, kind=kind, gone=gone, degrees=self._gone.degrees, limit=limit)
        rows.sort(key=lambda row: ranking.shared_key(row["id"], row["degree"]))
        edges = self._between([(end, row["id"]) for row in rows for end in (a, b)])
        return [
            SharedNeighbour(
                entity=_entity(row["id"], row),
                first=tuple(edges[a, row["id"]]),
                second=tuple(edges[b, row["id"]]),
                score=ranking.shared_score(row["degree"]),
            )
            for row in rows
        ]

    def _paths(self, a: str, b: str, max_hops: int, limit: int, hub_limit: int) -> list[GraphPath]:
        if a == b or limit < 1:
            return []
        ours, theirs = self._steps(a, b, hub_limit) if max_hops > 1 else ({}, {})
        scored: list[tuple[float, PathNodes]] = []
        for between in ours.keys() & theirs.keys():
            scored.append((ours[between].worth * theirs[between].weight, (a, between, b)))
        if max_hops > 2:
            scored += [(score, (a, *nodes, b)) for score, nodes in self._links(ours, theirs, limit)]
        rows = [(a, b), *_best(scored, limit)]
        edges = self._between(sorted({step for row in rows for step in pairwise(row)}))
        walked = ours | theirs
        found = [(_path(row, edges, walked), row) for row in rows if all(edges[step] for step in pairwise(row))]
        found.sort(key=lambda item: ranking.path_key(*item))
        return [path for path, _ in found[:limit]]

    def _evidence(self, pairs: Sequence[IdPair], limit: int) -> list[PairEvidence]:
        return [pair_evidence(self, compound, disease, limit) for compound, disease in pairs]

    def stats(self) -> GraphStats:
        """Size of the graph, hidden edges left out."""
        kinds, relations = dict(self._graph.stats.kinds), dict(self._graph.stats.relations)
        if not self._gone.edges:
            return self._graph.stats
        for edge in self._gone.edges:
            relations[edge.relation] -= 1
        for entity_id in self._gone.bare:
            kinds[kind_of(entity_id)] -= 1
        return GraphStats(
            entities=sum(kinds.values()),
            triples=sum(relations.values()),
            kinds={kind: n for kind, n in kinds.items() if n},
            relations={relation: n for relation, n in relations.items() if n},
            source_sha256=self.source_sha256,
        )

    def unnamed(self) -> list[str]:
        """Ids of the entities with an edge that have no name, sorted."""
        bare = set(self._gone.bare)
        return sorted(row["id"] for row in self._server.ask(cypher.UNNAMED) if row["id"] not in bare)

    def _shown(self, entity_id: str, name: str, synonyms: Sequence[str], degree: int, loop: bool) -> bool:
        """Say whether an entity is known: a nameless one whose edges are all hidden is not."""
        neighbours = degree + loop
        return name != entity_id or not neighbours or bool(synonyms) or neighbours > len(self._gone.at(entity_id))

    def _visible(self, place: int) -> bool:
        known = self._graph.names
        entity_id, neighbours = known.ids[place], known.neighbours[place]
        return self._shown(entity_id, known.names[place], known.synonyms(place), int(neighbours), False)

    def _between(self, pairs: Sequence[IdPair]) -> dict[IdPair, list[Edge]]:
        """Return the edges between the two of each pair, sorted; none, where the pair is hidden."""
        found: dict[IdPair, list[Edge]] = {pair: [] for pair in pairs}
        seen = [pair for pair in found if frozenset(pair) not in self.hidden or pair[0] == pair[1]]
        for row in edges_between(self._server, seen):
            found[row["a"], row["b"]].append(edge_of(row))
        return {pair: sorted(edges, key=ranking.edge_key) for pair, edges in found.items()}

    def _steps(self, a: str, b: str, hub_limit: int) -> tuple[dict[str, _Step], dict[str, _Step]]:
        """Return the entities next to each end that may be walked through, by id."""
        found: dict[str, dict[str, _Step]] = {a: {}, b: {}}
        hidden = {end: self._gone.at(end) for end in (a, b)}
        rows = self._server.ask(
            cypher.STEPS,
            ends=[a, b],
            hidden=hidden,
            degrees=self._gone.degrees,
            hub_limit=hub_limit,
            **self._weights,
        )
        for row in rows:
            found[row["end"]][row["id"]] = _Step(row["name"], row["degree"], row["weight"])
        return found[a], found[b]

    def _links(
        self, ours: Mapping[str, _Step], theirs: Mapping[str, _Step], limit: int
    ) -> list[tuple[float, PathNodes]]:
        """Return the best links from our steps to theirs, asked for from the shorter side."""
        turned = len(theirs) < len(ours)
        here, there = (theirs, ours) if turned else (ours, theirs)
        if not here:
            return []
        rows = self._server.ask(
            cypher.LINKS,
            here={entity_id: step.worth for entity_id, step in here.items()},
            there={entity_id: step.worth for entity_id, step in there.items()},
            hidden={entity_id: gone for entity_id in here if (gone := self._gone.at(entity_id))},
            limit=limit,
            slack=SLACK,
            margin=MARGIN,
            **self._weights,
        )
        return [(row["score"], tuple(row["nodes"][:: -1 if turned else 1])) for row in rows]

    @property
    def _weights(self) -> dict[str, Any]:
        return {"weights": self._graph.weights, "other": ranking.OTHER_WEIGHT}


def _entity(entity_id: str, row: Mapping[str, Any]) -> Entity:
    return Entity(id=entity_id, kind=kind_of(entity_id), name=row["name"], synonyms=tuple(row["synonyms"]))


def _best(scored: list[tuple[float, PathNodes]], limit: int) -> list[PathNodes]:
    """Return the rows with the highest scores, and all that nearly equal the last of them."""
    if len(scored) > limit:
        least = sorted((score for score, _ in scored), reverse=True)[limit - 1]
        scored = [row for row in scored if row[0] >= least * (1 - SLACK) - MARGIN]
    return [nodes for _, nodes in scored]


def _path(row: PathNodes, edges: Mapping[IdPair, Sequence[Edge]], walked: Mapping[str, _Step]) -> GraphPath:
    best = [min(edges[step], key=ranking.best_key) for step in pairwise(row)]
    return ranking.make_path(best, [(walked[node].name, walked[node].degree) for node in row[1:-1]])
