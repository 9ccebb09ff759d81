"""What a store says of things with several ids: the union of what it says of each, ranked as for one."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from itertools import product

from kedrec.errors import UserError
from kedrec.graphdb import ranking
from kedrec.graphdb.groups import Groups
from kedrec.graphdb.store import MAX_HOPS, PairEvidence, SharedNeighbour, pair_evidence
from kedrec.records import Edge, GraphPath

__all__ = ["Joining"]

IdPair = tuple[str, str]
Walk = tuple[str, ...]
"""Ids along a path."""
Ranked = list[tuple[Edge, int]]
"""Edges at an entity, the first ones, each with the number of neighbours of its other end."""


class Joining(ABC):
    """Answers for all ids of a thing at once, over a store that answers for one id; common to all stores.

    Edges and entities keep their own ids. An answer does not walk through another id of where it starts or ends.
    """

    @property
    @abstractmethod
    def groups(self) -> Groups:
        """Which ids are one drug or disease."""

    @abstractmethod
    def _direct(self, a: str, b: str) -> list[Edge]: ...

    @abstractmethod
    def _neighbours(self, entity_id: str, relation: str | None, kind: str | None, limit: int) -> Ranked: ...

    @abstractmethod
    def _shared(self, a: str, b: str, kind: str, limit: int) -> list[SharedNeighbour]: ...

    @abstractmethod
    def _paths(self, a: str, b: str, max_hops: int, limit: int, hub_limit: int) -> list[GraphPath]: ...

    @abstractmethod
    def _evidence(self, pairs: Sequence[IdPair], limit: int) -> list[PairEvidence]: ...

    def direct(self, a: str, b: str) -> list[Edge]:
        """Edges between two entities, either way, sorted."""
        pairs = self._pairs(a, b)
        if len(pairs) == 1:
            return self._direct(a, b)
        return _each_once(edge for pair in pairs for edge in self._direct(*pair))

    def neighbours(
        self, entity_id: str, relation: str | None = None, kind: str | None = None, limit: int = 50
    ) -> list[Edge]:
        """Edges at an entity, either way; the least connected other ends first."""
        found = [
            (ranking.neighbour_key(edge, one, degree), edge)
            for one in self.groups.of(entity_id)
            for edge, degree in self._neighbours(one, relation, kind, limit)
        ]
        found.sort(key=lambda item: item[0])
        return list(dict.fromkeys(edge for _, edge in found))[: max(limit, 0)]

    def shared(self, a: str, b: str, kind: str = "Gene", limit: int = 20) -> list[SharedNeighbour]:
        """Entities of one kind next to both, the least connected first."""
        pairs = self._pairs(a, b)
        if len(pairs) == 1 or b in self.groups.of(a):
            return self._shared(a, b, kind, limit) if b not in self.groups.of(a) else []
        own = {*self.groups.of(a), *self.groups.of(b)}
        found: dict[str, list[SharedNeighbour]] = {}
        for pair in pairs if limit > 0 else ():
            for shared in self._shared(*pair, kind, limit + len(own)):
                if shared.entity.id not in own:
                    found.setdefault(shared.entity.id, []).append(shared)
        between = [_merged(alike) for alike in found.values()]
        return sorted(between, key=lambda shared: (-shared.score, shared.entity.id))[:limit]

    def paths(self, a: str, b: str, max_hops: int = 3, limit: int = 10, hub_limit: int = 500) -> list[GraphPath]:
        """Simple paths from a to b of at most `max_hops` edges that walk through no hub, best first.

        Raises:
            UserError: `max_hops` is not 1, 2 or 3.
        """
        if not 1 <= max_hops <= MAX_HOPS:
            raise UserError(f"Paths have 1 to {MAX_HOPS} edges, not {max_hops}.")
        if b in self.groups.of(a) or limit < 1:
            return []
        pairs = self._pairs(a, b)
        if len(pairs) == 1:
            return self._paths(a, b, max_hops, limit, hub_limit)
        own = {*self.groups.of(a), *self.groups.of(b)}
        found: list[tuple[Walk, GraphPath]] = []
        for one, other in pairs:
            search = partial(self._most_paths, one, other, max_hops, hub_limit)
            found += _enough(search, one, own, limit)
        found.sort(key=lambda item: ranking.path_key(item[1], item[0]))
        best: dict[Walk, GraphPath] = {}
        for walk, path in found:
            best.setdefault(walk[1:-1], path)
        return list(best.values())[:limit]

    def batch_evidence(self, pairs: Iterable[IdPair], limit: int = 5) -> list[PairEvidence]:
        """What the graph says of each (compound, disease) pair, in the order given."""
        asked = list(pairs)
        if not self.groups.all:
            return self._evidence(asked, limit)
        alone = iter(self._evidence([pair for pair in asked if len(self._pairs(*pair)) == 1], limit))
        return [next(alone) if len(self._pairs(*pair)) == 1 else pair_evidence(self, *pair, limit) for pair in asked]

    def _most_paths(self, a: str, b: str, max_hops: int, hub_limit: int, limit: int) -> list[GraphPath]:
        return self._paths(a, b, max_hops, limit, hub_limit)

    def _pairs(self, a: str, b: str) -> list[IdPair]:
        return list(product(self.groups.of(a), self.groups.of(b)))


def _each_once(edges: Iterable[Edge]) -> list[Edge]:
    return sorted(dict.fromkeys(edges), key=ranking.edge_key)


def _merged(alike: Sequence[SharedNeighbour]) -> SharedNeighbour:
    """Return one shared neighbour with the edges of all."""
    first = _each_once(edge for shared in alike for edge in shared.first)
    second = _each_once(edge for shared in alike for edge in shared.second)
    return alike[0].model_copy(update={"first": tuple(first), "second": tuple(second)})


def _enough(
    search: Callable[[int], list[GraphPath]], start: str, own: set[str], limit: int
) -> list[tuple[Walk, GraphPath]]:
    """Return the best paths, with the ids along them, that walk through none of some ids."""
    most = limit
    while True:
        found = search(most)
        walks = [(_walk(start, path.edges), path) for path in found]
        kept = [(walk, path) for walk, path in walks if own.isdisjoint(walk[1:-1])]
        if len(kept) >= limit or len(found) < most:
            return kept[:limit]
        most *= 2


def _walk(start: str, edges: Iterable[Edge]) -> Walk:
    walk = [start]
    for edge in edges:
        walk.append(edge.tail if edge.head == walk[-1] else edge.head)
    return tuple(walk)
