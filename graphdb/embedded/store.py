"""The embedded store: one graph in memory-mapped arrays, read by any number of processes."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Sequence
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from kedrec.errors import WorkError
from kedrec.gc_pause import uncollected
from kedrec.graphdb import ranking
from kedrec.graphdb.drkg.files import kind_of
from kedrec.graphdb.embedded.adjacency import Link, Walks
from kedrec.graphdb.embedded.arrays import MappedGraph
from kedrec.graphdb.embedded.fork_pool import side_by_side
from kedrec.graphdb.embedded.path_search import PathSearch, PlacedPath
from kedrec.graphdb.groups import Groups
from kedrec.graphdb.joining import Joining, Ranked
from kedrec.graphdb.snapshots import current_version, trouble
from kedrec.graphdb.store import MAX_HOPS, GraphStats, HiddenPairs, PairEvidence, SharedNeighbour, pair_evidence
from kedrec.records import Edge, Entity, GraphPath, Match

__all__ = ["EmbeddedStore"]

HUB_LIMIT = 500
"""Entities with more neighbours are not walked through."""


class EmbeddedStore(Joining):
    """The embedded graph store, or a view of it with some pairs hidden; see `GraphStore`.

    Entities without a visible edge are answered for only where the names file has them: hiding the last edge of an
    entity has the same effect as never having loaded that edge.
    """

    def __init__(self, shared: MappedGraph, hidden: HiddenPairs = frozenset()) -> None:
        self._graph = shared
        self.hidden: HiddenPairs = hidden
        found = []
        for pair in self.hidden:
            places = [self._graph.places.get(entity_id) for entity_id in pair]
            if len(places) == 2 and places[0] is not None and places[1] is not None:
                found.append((places[0], places[1]))
        self._walks = Walks(shared.arrays, found)
        self._search = PathSearch(self._walks, shared.weights)

    @classmethod
    def open(cls, folder: Path) -> EmbeddedStore:
        """Open the graph of a folder.

        Raises:
            NotReady: none was loaded, or in another format.
            DamagedData: its files do not fit together.
        """
        for attempt in (1, 2, 3):
            version = current_version(folder)
            try:
                return cls(MappedGraph(version))
            except (OSError, WorkError, ValueError) as error:
                if attempt < 3 and not (current_version(folder) == version and version.exists()):
                    continue
                raise error if isinstance(error, WorkError) else trouble(version, error) from error
        raise AssertionError("the third attempt returns or raises")

    @property
    def ids(self) -> list[str]:
        """Entity ids, sorted; those of the names file that have no edge included."""
        return self._graph.ids

    @property
    def names(self) -> list[str]:
        """Preferred names in the order of `ids`; the id itself if there is none."""
        return self._graph.names

    @property
    def relations(self) -> list[str]:
        """Relation names, sorted."""
        return self._graph.relations

    @property
    def heads(self) -> NDArray[np.int32]:
        """Place of the head of each triple, hidden ones included, shape (triples,)."""
        return self._graph.triples[0]

    @property
    def rels(self) -> NDArray[np.int32]:
        """Place of the relation of each triple, shape (triples,)."""
        return self._graph.triples[1]

    @property
    def tails(self) -> NDArray[np.int32]:
        """Place of the tail of each triple, shape (triples,)."""
        return self._graph.triples[2]

    @property
    def source_sha256(self) -> str:
        """Hash of the files the graph was built from."""
        return str(self._graph.manifest["source_sha256"])

    @property
    def groups(self) -> Groups:
        """Which ids are one drug or disease; none in a graph that was loaded before they were looked for."""
        return self._graph.groups

    @property
    def is_remote(self) -> bool:
        """Never: the graph lies in this process's memory."""
        return False

    @property
    def manifest(self) -> dict[str, object]:
        """What the load reported, and the hashes of its files."""
        return dict(self._graph.manifest)

    def synonyms(self, i: int) -> tuple[str, ...]:
        """Other names of the entity at a place."""
        return self._graph.synonyms_of(i)

    def place(self, entity_id: str) -> int | None:
        """Place of an id in `ids`; None where it is not there or not visible."""
        place = self._graph.places.get(entity_id)
        return place if place is not None and self._visible(place) else None

    def hiding(self, pairs: HiddenPairs) -> EmbeddedStore:
        """The same graph as if the direct edges of these pairs, and those hidden already, had never been loaded.

        Pairs of other ids of the same two are hidden with them: the answer would be known from their edges.
        """
        return EmbeddedStore(self._graph, self.hidden | self.groups.spread(pairs))

    def get(self, entity_id: str) -> Entity | None:
        """The entity with this id."""
        place = self.place(entity_id)
        return None if place is None else self._graph.resolver.entity(place)

    def search(self, name: str, kinds: Sequence[str] | None = None, limit: int = 10) -> Match:
        """What a name (or an id) means; never a similar name in silence."""
        return self._graph.resolver.resolve(name, kinds, limit, self._visible)

    def _direct(self, a: str, b: str) -> list[Edge]:
        first, second = self.place(a), self.place(b)
        if first is None or second is None:
            return []
        return self._edges(self._walks.between(first, second))

    def _neighbours(self, entity_id: str, relation: str | None, kind: str | None, limit: int) -> Ranked:
        place = self.place(entity_id)
        if place is None:
            return []
        wanted = None if relation is None else self._relation(relation)
        among = None if kind is None else self._graph.kinds.get(kind)
        if (relation is not None and wanted is None) or (kind is not None and among is None):
            return []
        links = self._walks.edges_at(place, wanted, among, limit)
        counts = self._walks.counts
        degrees = [counts[tail if head == place else head] for head, _, tail in links]
        return list(zip(self._edges(links), degrees, strict=True))

    def _shared(self, a: str, b: str, kind: str, limit: int) -> list[SharedNeighbour]:
        first, second, among = self.place(a), self.place(b), self._graph.kinds.get(kind)
        if first is None or second is None or among is None or first == second:
            return []
        between = self._walks.common(first, second, among)
        best = between[np.lexsort((between, self._walks.degrees[between]))][:limit].tolist()
        return [self._shared_neighbour(first, second, place) for place in best]

    def _paths(self, a: str, b: str, max_hops: int, limit: int, hub_limit: int) -> list[GraphPath]:
        return self._ranked(self._rows(a, b, max_hops, limit, hub_limit))[:limit]

    def _evidence(self, asked: Sequence[tuple[str, str]], limit: int) -> list[PairEvidence]:
        with uncollected(), side_by_side(partial(self._rows_behind, limit), asked) as found:
            both = zip(asked, found, strict=True)
            return [pair_evidence(self, *pair, limit, self._ranked(rows)) for pair, rows in both]

    def stats(self) -> GraphStats:
        """Size of the graph, hidden edges left out."""
        manifest = {field: self._graph.manifest[field] for field in GraphStats.model_fields}
        return self._visible_stats() if self._walks.hidden else GraphStats.model_validate(manifest)

    def unnamed(self) -> list[str]:
        """Ids of the entities with an edge that have no name, sorted."""
        nameless = (place for place, (i, name) in enumerate(zip(self.ids, self.names, strict=True)) if i == name)
        return [self.ids[place] for place in nameless if self._walks.has_edges(place)]

    def visible_triples(self) -> NDArray[np.bool_]:
        """Say of each triple whether it may be seen, shape (triples,)."""
        return self._walks.visible(self.heads, self.tails)

    def _visible_stats(self) -> GraphStats:
        kept = self.visible_triples()
        heads, rels, tails = self.heads[kept], self.rels[kept], self.tails[kept]
        linked = np.union1d(heads, tails).tolist()
        relations = np.bincount(rels, minlength=len(self.relations)).tolist()
        return GraphStats(
            entities=len(linked),
            triples=len(heads),
            kinds=dict(sorted(Counter(kind_of(self.ids[place]) for place in linked).items())),
            relations={relation: n for relation, n in zip(self.relations, relations, strict=True) if n},
            source_sha256=self.source_sha256,
        )

    def _visible(self, place: int) -> bool:
        if self._graph.names[place] != self._graph.ids[place] or not self._walks.linked(place):
            return True
        return not self._walks.hidden or self._walks.has_edges(place) or bool(self._graph.synonyms[place])

    def _relation(self, relation: str) -> int | None:
        """Place of a relation; None where there is no such."""
        place = bisect_left(self.relations, relation)
        return place if place < len(self.relations) and self.relations[place] == relation else None

    def _edges(self, links: Iterable[Link]) -> list[Edge]:
        return [self._graph.edge(link) for link in links]

    def _shared_neighbour(self, first: int, second: int, place: int) -> SharedNeighbour:
        one, two = (self._edges(self._walks.between(end, place)) for end in (first, second))
        return SharedNeighbour.trusted(
            {
                "entity": self._graph.resolver.entity(place),
                "first": tuple(one),
                "second": tuple(two),
                "score": ranking.shared_score(self._walks.counts[place]),
            }
        )

    def _rows_behind(self, limit: int, pair: tuple[str, str]) -> list[PlacedPath]:
        """The paths behind the evidence of a pair, by place; one more, as one of a single edge is not part of it."""
        return self._rows(*pair, limit=limit + 1)

    def _rows(
        self, a: str, b: str, max_hops: int = MAX_HOPS, limit: int = 10, hub_limit: int = HUB_LIMIT
    ) -> list[PlacedPath]:
        """The best paths from a to b, and those that may tie with them, by place and in no order."""
        first, second = self.place(a), self.place(b)
        if first is None or second is None or first == second or limit < 1:
            return []
        return self._search.paths(first, second, max_hops, limit, hub_limit)

    def _ranked(self, rows: Iterable[PlacedPath]) -> list[GraphPath]:
        found = [(self._path(*row), [self.ids[place] for place in row[0]]) for row in rows]
        found.sort(key=lambda item: ranking.path_key(*item))
        return [path for path, _ in found]

    def _path(self, places: Sequence[int], links: Iterable[Link]) -> GraphPath:
        counts, names = self._walks.counts, self.names
        walked = [(names[place], counts[place]) for place in places[1:-1]]
        return ranking.make_path(self._edges(links), walked)
