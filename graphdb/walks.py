"""Walks over the graph's arrays, by place: edges at an entity, common neighbours, paths; hidden pairs left out."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = ["Link", "Row", "Walks"]

Row = tuple[int, ...]
"""Places along a path."""
Link = tuple[int, int, int]
"""Places of the head, the relation and the tail of an edge."""
Places = NDArray[np.int32]
Scores = NDArray[np.float64]
Slots = NDArray[np.int64]
"""Where edges stand in the array of all rows."""

_SLACK, _MARGIN = 1e-6, 1e-8
"""Relative and absolute difference below which scores are told apart later, by the common ranking."""
_CHUNK = 20_000
"""Edges behind first steps that are looked at together; twice as many each time."""


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
        self._start, self._near, self._link = arrays["start"], arrays["near"], arrays["link"]
        self._starts, self._nears, self._links = (array.data for array in (self._start, self._near, self._link))
        self._lengths = np.diff(self._start)
        self._weights = np.repeat(weights, 2)
        self.hidden: dict[int, set[int]] = {}
        self.degrees: Places = arrays["degrees"]
        self._hide(hidden)
        self._spread = 1 / np.sqrt(np.maximum(self.degrees, 1))

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

    def _row(self, place: int) -> tuple[int, int]:
        return self._starts[place], self._starts[place + 1]

    def _slot(self, one: int, other: int) -> int | None:
        """Return where the best edge between two entities stands in the row of the first, hidden or not."""
        start, end = self._row(one)
        slot = bisect_left(self._nears, other, start, end)
        return slot if slot < end and self._nears[slot] == other else None

    def linked(self, place: int) -> bool:
        """Say whether an entity has any edge, hidden or not."""
        start, end = self._row(place)
        return start < end

    def has_edges(self, place: int) -> bool:
        """Say whether an entity has any edge left."""
        return bool(self.degrees[place]) or self._slot(place, place) is not None

    def between(self, one: int, other: int) -> list[Link]:
        """Return the edges between two entities, either way, by relation and head."""
        slot = None if other in self.hidden.get(one, ()) else self._slot(one, other)
        if slot is None:
            return []
        stop = bisect_left(self._nears, other + 1, slot, self._row(one)[1])
        return [_link(one, other, link) for link in sorted(self._link[slot:stop].tolist())]

    def best_between(self, one: int, other: int) -> Link:
        """Return the edge worth most between two entities that are linked; of equals the first."""
        slot = self._slot(one, other)
        if slot is None:
            raise KeyError((one, other))
        return _link(one, other, self._links[slot])

    def triples(self) -> tuple[Places, Places, Places]:
        """Return heads, relations and tails of all edges, hidden ones included, each shape (edges,)."""
        ends = np.repeat(np.arange(len(self._start) - 1, dtype=np.int32), np.diff(self._start))
        leads = (ends > self._near) == (self._link & 1).astype(np.bool_)
        return ends[leads], (self._link[leads] >> 1).astype(np.int32), self._near[leads]

    def visible(self, heads: Places, tails: Places) -> NDArray[np.bool_]:
        """Say of each edge whether it is visible."""
        if not self.hidden:
            return np.ones(len(heads), np.bool_)
        pairs = [(one, other) for one, others in self.hidden.items() for other in others]
        size = len(self._start)
        gone = np.array([one * size + other for one, other in pairs], np.int64)
        return ~np.isin(heads.astype(np.int64) * size + tails, gone)

    def common(self, one: int, other: int, among: tuple[int, int] | None = None) -> Places:
        """Return the neighbours that two entities share, without the two, sorted.

        Args:
            one: the first.
            other: the second.
            among: only neighbours at these places, from the first up to, not including, the second.
        """
        few, many = sorted((self._others(one, among), self._others(other, among)), key=len)
        if not len(few):
            return few
        places = many.searchsorted(few)
        places[places == len(many)] = 0
        found = few[many.take(places) == few]
        keep = (found != one) & (found != other)
        keep[1:] &= found[1:] != found[:-1]
        for end in (one, other):
            if gone := self.hidden.get(end):
                keep &= ~np.isin(found, list(gone))
        between: Places = found[keep]
        return between

    def _others(self, place: int, among: tuple[int, int] | None) -> Places:
        """Return the other ends of all edges at an entity, hidden ones included, sorted."""
        others: Places = self._near[slice(*self._part(place, among))]
        return others

    def _part(self, place: int, among: tuple[int, int] | None) -> tuple[int, int]:
        """Return where the edges of an entity to others at some places begin and end."""
        start, end = self._row(place)
        if among is None:
            return start, end
        return bisect_left(self._nears, among[0], start, end), bisect_left(self._nears, among[1], start, end)

    def edges_at(self, place: int, relation: int | None, among: tuple[int, int] | None, limit: int) -> list[Link]:
        """Return the first edges at an entity: by degree, place, relation and head of the other end.

        Args:
            place: the entity.
            relation: only edges of this relation.
            among: only edges whose other end is at these places.
            limit: most edges.
        """
        start, end = self._part(place, among)
        others, links = self._near[start:end], self._link[start:end]
        keep = np.ones(len(others), np.bool_) if relation is None else links >> 1 == relation
        if gone := self.hidden.get(place):
            keep &= ~np.isin(others, list(gone))
        others, links = others[keep], links[keep]
        keys = (self.degrees[others].astype(np.int64) << 32 | others) << 16 | links
        first = np.sort(np.partition(keys, limit)[: max(limit, 0)] if limit < len(keys) else keys)
        others, links = first >> 16 & (1 << 32) - 1, first & (1 << 16) - 1
        return [_link(place, *edge) for edge in zip(others.tolist(), links.tolist(), strict=True)]

    def paths(self, first: int, last: int, max_hops: int, limit: int, hub_limit: int) -> list[Row]:
        """Return the best simple paths, and those that may tie with them.

        Args:
            first: where they begin.
            last: where they end.
            max_hops: most edges, 1 to 3.
            limit: how many are wanted, at least 1.
            hub_limit: entities with more neighbours are not walked through.
        """
        found = self._one_hop(first, last)
        if max_hops > 1:
            ours, theirs = (self._steps(end, other, hub_limit) for end, other in ((first, last), (last, first)))
            found = found.and_also(_two_hops(ours, theirs))
        if max_hops > 2:
            found = found.and_also(self._three_hops(ours, theirs, limit, found.scores))
        best = _best(found.scores, limit)
        between = zip(found.first[best].tolist(), found.last[best].tolist(), strict=True)
        return [(first, *[place for place in row if place >= 0], last) for row in between]

    def _one_hop(self, first: int, last: int) -> _Found:
        slot = None if last in self.hidden.get(first, ()) else self._slot(first, last)
        if slot is None:
            return _NOTHING
        return _Found(self._weights[self._link[slot : slot + 1]], _NOWHERE, _NOWHERE)

    def _steps(self, place: int, other: int, hub_limit: int) -> _Steps:
        """Return what may be walked through from one end on the way to the other, each by its best edge."""
        start, end = self._row(place)
        row = self._near[start:end]
        keep = self.degrees.take(row) <= hub_limit
        keep[1:] &= row[1:] != row[:-1]
        for gone in (place, other, *self.hidden.get(place, ())):
            if (slot := self._slot(place, gone)) is not None:
                keep[slot - start] = False
        near = row[keep]
        weights = self._weights.take(self._link[start:end][keep])
        return _Steps(near, weights, weights * self._spread.take(near))

    def _three_hops(self, ours: _Steps, theirs: _Steps, limit: int, known: Scores) -> _Found:
        """Return the paths over one step of each side that may be among the best."""
        turned = self._edges_behind(theirs) < self._edges_behind(ours)
        here, there = (theirs, ours) if turned else (ours, theirs)
        found = self._best_links(here, there, limit, known)
        return _Found(found.scores, found.last, found.first) if turned else found

    def _best_links(self, here: _Steps, there: _Steps, limit: int, known: Scores) -> _Found:
        """Return the best links from steps of one side to steps of the other, the most promising steps first.

        A path is worth its two steps' worth and the weight of the edge between: where that cannot be enough with the
        heaviest of edges and the best step of the other side, no edge is looked at.
        """
        found = _NOTHING
        if not len(here.near) or not len(there.near) or self._edges_behind(here) <= _CHUNK:
            return self._all_links(here, there)
        here = here.sorted()
        most = here.worth * (self._weights.max() * there.worth.max())
        edges = np.cumsum(self._lengths[here.near])
        looked, chunk = 0, _CHUNK
        while looked < (enough := _at_least(most, _least(np.concatenate([known, found.scores]), limit))):
            stop = min(int(edges.searchsorted(chunk)) + 1, enough)
            found = found.and_also(self._all_links(here.part(looked, stop), there))
            looked, chunk = stop, int(edges[stop - 1]) + 2 * chunk
        return found

    def _edges_behind(self, steps: _Steps) -> int:
        return int(self._lengths.take(steps.near).sum())

    def _all_links(self, here: _Steps, there: _Steps) -> _Found:
        """Return the links from steps of one side to steps of the other."""
        if not len(here.near) or not len(there.near):
            return _NOTHING
        starts, lengths = self._start.take(here.near), self._lengths.take(here.near)
        ends = np.cumsum(lengths)
        rows = zip(starts.tolist(), (starts + lengths).tolist(), strict=True)
        beyond = np.concatenate([self._near[start:end] for start, end in rows])
        wanted = np.zeros(len(self.degrees), np.bool_)
        wanted[there.near] = True
        hits = wanted.take(beyond).nonzero()[0]
        origin = ends.searchsorted(hits, "right")
        slots = hits + (starts + lengths - ends).take(origin)
        ones, others = here.near.take(origin), beyond.take(hits)
        keep = (self._near.take(slots - 1, mode="wrap") != others) | (slots == starts.take(origin))
        keep &= others != ones
        if self.hidden:
            keep &= self._not_hidden(ones, others)
        origin, ones, others, slots = origin[keep], ones[keep], others[keep], slots[keep]
        weights = self._weights.take(self._link.take(slots))
        scores = here.worth.take(origin) * weights * there.worth.take(there.near.searchsorted(others))
        return _Found(scores, ones, others)

    def _not_hidden(self, ones: Places, others: Places) -> NDArray[np.bool_]:
        """Say of each link between entities whether it is visible."""
        links = zip(ones.tolist(), others.tolist(), strict=True)
        return np.array([other not in self.hidden.get(one, ()) for one, other in links], np.bool_)


class _Steps(NamedTuple):
    """Entities next to one end of the paths."""

    near: Places
    """The entities."""
    weights: Scores
    """Weight of the best edge to each."""
    worth: Scores
    """That weight by the root of the entity's degree."""

    def sorted(self) -> _Steps:
        """The steps of most worth first."""
        order = np.argsort(-self.worth, kind="stable")
        return _Steps(self.near[order], self.weights[order], self.worth[order])

    def part(self, start: int, stop: int) -> _Steps:
        """Some of the steps."""
        return _Steps(self.near[start:stop], self.weights[start:stop], self.worth[start:stop])


class _Found(NamedTuple):
    """Paths between two entities."""

    scores: Scores
    """What each is worth."""
    first: Places
    """The place walked through first; -1 where there is none."""
    last: Places
    """The place walked through after it; -1 where there is none."""

    def and_also(self, more: _Found) -> _Found:
        """These and more."""
        if not len(self.scores) or not len(more.scores):
            return more if len(more.scores) else self
        first, last = np.concatenate([self.first, more.first]), np.concatenate([self.last, more.last])
        return _Found(np.concatenate([self.scores, more.scores]), first, last)


_NOWHERE = np.full(1, -1, np.int32)
_NOTHING = _Found(np.zeros(0), np.zeros(0, np.int32), np.zeros(0, np.int32))


def _two_hops(ours: _Steps, theirs: _Steps) -> _Found:
    few, many = (ours, theirs) if len(ours.near) <= len(theirs.near) else (theirs, ours)
    if not len(few.near):
        return _NOTHING
    places = many.near.searchsorted(few.near)
    places[places == len(many.near)] = 0
    same = (many.near.take(places) == few.near).nonzero()[0]
    scores = few.worth.take(same) * many.weights.take(places.take(same))
    return _Found(scores, few.near.take(same), np.full(len(same), -1, np.int32))


def _link(one: int, other: int, link: int) -> Link:
    """Return an edge from the way it stands in the row of one of its ends."""
    low, high = (one, other) if one < other else (other, one)
    return (high, link >> 1, low) if link & 1 else (low, link >> 1, high)


def _best(scores: Scores, limit: int) -> Slots:
    """Return the places of the highest scores, and of all that nearly equal the last of them."""
    best: Slots = (scores >= _least(scores, limit)).nonzero()[0]
    return best


def _at_least(falling: Scores, least: float) -> int:
    """Return how many of some scores, the highest first, are not below one."""
    return len(falling) - int(falling[::-1].searchsorted(least))


def _least(scores: Scores, limit: int) -> float:
    """Return from which score on one may be among the best."""
    if len(scores) <= limit:
        return 0.0
    return float(np.partition(scores, -limit)[-limit]) * (1 - _SLACK) - _MARGIN
