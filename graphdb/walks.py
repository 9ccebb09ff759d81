"""Walks over the graph's arrays, by place: edges at an entity, common neighbours, paths; hidden pairs left out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["Row", "Walks"]

Row = tuple[int, ...]
"""Places along a path."""
Places = NDArray[np.int32]

_SLACK = 1e-6
"""Relative difference below which scores are told apart later, by the common ranking."""


class Walks:
    """Walks over one graph with some pairs hidden.

    Args:
        arrays: as `build` writes them.
        weights: weight of each relation.
        hidden: pairs of places whose edges are not there.
    """

    def __init__(
        self, arrays: Mapping[str, NDArray[Any]], weights: NDArray[np.float64], hidden: Iterable[tuple[int, int]]
    ) -> None:
        self._rels, self._heads, self._tails = arrays["rels"], arrays["heads"], arrays["tails"]
        self._start, self._near = arrays["near_start"], arrays["near"]
        self._near_edge, self._edge_triple = arrays["near_edge"], arrays["edge_triple"]
        self._weights = weights
        self.hidden: dict[int, set[int]] = {}
        self.degrees: Places = arrays["degrees"]
        self._hide(hidden)

    def _hide(self, pairs: Iterable[tuple[int, int]]) -> None:
        found = [pair for pair in pairs if pair[0] != pair[1] and self._slot(*pair) is not None]
        if not found:
            return
        self.degrees = np.array(self.degrees)
        for one, other in found:
            if other not in self.hidden.setdefault(one, set()):
                self.hidden[one].add(other)
                self.hidden.setdefault(other, set()).add(one)
                self.degrees[[one, other]] -= 1

    def _slot(self, one: int, other: int) -> int | None:
        """Return where a neighbour stands in the array of neighbours, hidden or not."""
        start, end = int(self._start[one]), int(self._start[one + 1])
        slot = start + int(np.searchsorted(self._near[start:end], other))
        return slot if slot < end and int(self._near[slot]) == other else None

    def _triples_of(self, slot: int) -> Places:
        triples: Places = self._edge_triple[int(self._near_edge[slot]) : int(self._near_edge[slot + 1])]
        return triples

    def hidden_triples(self) -> Places:
        """Return the triples between hidden pairs."""
        slots = [self._slot(one, other) for one, others in self.hidden.items() for other in others]
        return np.concatenate([self._triples_of(slot) for slot in slots if slot is not None])

    def has_edges(self, place: int) -> bool:
        """Say whether an entity has any edge left."""
        return int(self._start[place + 1] - self._start[place]) > len(self.hidden.get(place, ()))

    def between(self, one: int, other: int) -> Places:
        """Return the triples between two entities, either way."""
        slot = None if other in self.hidden.get(one, ()) else self._slot(one, other)
        return self._edge_triple[:0] if slot is None else self._triples_of(slot)

    def near(self, place: int) -> Places:
        """Return the neighbours of an entity, sorted; itself, where it is linked to itself."""
        found = self._near[int(self._start[place]) : int(self._start[place + 1])]
        gone = self.hidden.get(place)
        visible: Places = found[~np.isin(found, list(gone))] if gone else found
        return visible

    def common(self, one: int, other: int) -> Places:
        """Return the neighbours that two entities share, without the two, sorted."""
        few, many = sorted((self.near(one), self.near(other)), key=len)
        if not len(few):
            return few
        slots = np.minimum(np.searchsorted(many, few), len(many) - 1)
        found = few[many[slots] == few]
        between: Places = found[(found != one) & (found != other)]
        return between

    def edges_at(
        self, place: int, relation: int | None, kind: int | None, kinds: NDArray[np.int16], limit: int
    ) -> Places:
        """Return the first triples at an entity: by degree, place, relation and head of the other end.

        Args:
            place: the entity.
            relation: only triples of this relation.
            kind: only triples whose other end is of this kind.
            kinds: kind of each entity.
            limit: most triples.
        """
        start, end = int(self._start[place]), int(self._start[place + 1])
        triples = self._edge_triple[int(self._near_edge[start]) : int(self._near_edge[end])]
        others = np.repeat(self._near[start:end], np.diff(self._near_edge[start : end + 1]))
        keep = np.ones(len(triples), np.bool_)
        if gone := self.hidden.get(place):
            keep &= ~np.isin(others, list(gone))
        if relation is not None:
            keep &= self._rels[triples] == relation
        if kind is not None:
            keep &= kinds[others] == kind
        triples, others = triples[keep], others[keep]
        order = np.lexsort((self._heads[triples], self._rels[triples], others, self.degrees[others]))
        return triples[order[: max(limit, 0)]]

    def paths(self, first: int, last: int, max_hops: int, limit: int, hub_limit: int) -> list[Row]:
        """Return the best simple paths, and those that may tie with them.

        Args:
            first: where they begin.
            last: where they end.
            max_hops: most edges, 1 to 3.
            limit: how many are wanted.
            hub_limit: entities with more neighbours are not walked through.
        """
        rows: list[Row] = []
        scores: list[float] = []
        if len(self.between(first, last)):
            rows.append((first, last))
            scores.append(float(self._best_weights(first, np.array([last]))[0]))
        for hops in range(2, max_hops + 1):
            walk = self._two_hops if hops == 2 else self._three_hops
            values, places = walk(first, last, hub_limit)
            best = _best(values, limit)
            rows += [(first, *row, last) for row in places[best].tolist()]
            scores += values[best].tolist()
        return [rows[place] for place in _best(np.array(scores), limit)]

    def _two_hops(self, first: int, last: int, hub_limit: int) -> tuple[NDArray[np.float64], Places]:
        between = self.common(first, last)
        between = between[self.degrees[between] <= hub_limit]
        weights = self._best_weights(first, between) * self._best_weights(last, between)
        return weights * self.degrees[between] ** -0.5, between[:, None]

    def _three_hops(self, first: int, last: int, hub_limit: int) -> tuple[NDArray[np.float64], Places]:
        ours, theirs = (self._steps(end, other, hub_limit) for end, other in ((first, last), (last, first)))
        turned = len(theirs) < len(ours)
        if turned:
            first, last, ours, theirs = last, first, theirs, ours
        slots, origin = self._slots(ours)
        beyond = self._near[slots]
        value = np.zeros(len(self.degrees))
        value[theirs] = self._best_weights(last, theirs) * self.degrees[theirs] ** -0.5
        keep = (value[beyond] > 0) & (beyond != ours[origin])
        keep &= self._not_hidden(ours[origin], beyond, keep)
        slots, origin, beyond = slots[keep], origin[keep], beyond[keep]
        start = self._best_weights(first, ours) * self.degrees[ours] ** -0.5
        middle = self._weights[self._rels[self._edge_triple[self._near_edge[slots]]]]
        rows = np.stack([ours[origin], beyond], axis=1)
        return start[origin] * middle * value[beyond], rows[:, ::-1] if turned else rows

    def _steps(self, place: int, other: int, hub_limit: int) -> Places:
        """Return the neighbours that may be walked through."""
        near = self.near(place)
        found: Places = near[(self.degrees[near] <= hub_limit) & (near != place) & (near != other)]
        return found

    def _slots(self, places: Places) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return where the neighbours of several entities stand, and to which of the entities each belongs."""
        starts, counts = self._start[places], self._start[places + 1] - self._start[places]
        origin = np.repeat(np.arange(len(places)), counts)
        offsets = np.arange(len(origin)) - np.repeat(np.cumsum(counts) - counts, counts)
        return starts[origin] + offsets, origin

    def _not_hidden(self, ones: Places, others: Places, ask: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Say of each link between entities whether it is visible; only where asked."""
        seen = np.ones(len(ones), np.bool_)
        if self.hidden:
            for place in np.flatnonzero(ask).tolist():
                seen[place] = int(others[place]) not in self.hidden.get(int(ones[place]), ())
        return seen

    def _best_weights(self, place: int, others: NDArray[Any]) -> NDArray[np.float64]:
        """Return the weight of the best triple between an entity and each of its neighbours."""
        start, end = int(self._start[place]), int(self._start[place + 1])
        slots = start + np.searchsorted(self._near[start:end], others)
        weights: NDArray[np.float64] = self._weights[self._rels[self._edge_triple[self._near_edge[slots]]]]
        return weights


def _best(scores: NDArray[np.float64], limit: int) -> NDArray[np.int64]:
    """Return the places of the highest scores, and of all that nearly equal the last of them."""
    if len(scores) <= limit:
        return np.arange(len(scores))
    least = np.partition(scores, -limit)[-limit]
    return np.flatnonzero(scores >= least * (1 - _SLACK) - 1e-8)
