"""The best paths between two entities, by place: found over arrays, each with the edges that it takes."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from kedrec.graphdb.embedded.adjacency import Link, Slots, Walks, link_of
from kedrec.graphdb.ranking import hub_penalties

__all__ = ["PathSearch", "PlacedPath"]

PathScores = NDArray[np.float64]
PlacedPath = tuple[list[int], list[Link]]
"""Places along a path, and the edges between them."""

_SLACK, _MARGIN = 1e-6, 1e-8
"""Relative and absolute difference below which scores are distinguished later, by the common ranking."""
_CHUNK = 20_000
"""Edges behind first steps that are looked at together; twice as many each time."""


class PathSearch:
    """Searches paths of up to three edges over one graph.

    Args:
        walks: over the graph.
        weights: weight of each relation.
    """

    def __init__(self, walks: Walks, weights: NDArray[np.float64]) -> None:
        self._walks, self._near, self._link = walks, walks.near, walks.link
        self._weights = np.repeat(weights, 2)
        self._lengths = np.diff(walks.start)
        self._penalties = hub_penalties(walks.degrees)
        self._open = (-1, np.zeros(0, np.bool_))

    def paths(self, first: int, last: int, max_hops: int, limit: int, hub_limit: int) -> list[PlacedPath]:
        """Return the best simple paths, and those that may tie with them.

        Args:
            first: where they begin.
            last: where they end.
            max_hops: most edges, 1 to 3.
            limit: how many are wanted, at least 1.
            hub_limit: entities with more neighbours are not walked through.
        """
        slot = None if last in self._walks.hidden.get(first, ()) else self._walks.slot(first, last)
        if slot is None:
            found = _NOTHING
        else:
            found = _Found(self._weights[self._link[slot : slot + 1]], np.array([slot]), _NOWHERE, _NOWHERE)
        if max_hops > 1:
            ours, theirs = self._steps(first, last, hub_limit), self._steps(last, first, hub_limit)
            found = found.and_also(_two_hops(ours, theirs))
        if max_hops > 2:
            # The paths over one step of each side that may be among the best.
            if self._edges_behind(theirs) < self._edges_behind(ours):
                three_hops = self._best_links(theirs, ours, limit, found.scores).turned()
            else:
                three_hops = self._best_links(ours, theirs, limit, found.scores)
            found = found.and_also(three_hops)
        best = found.part((found.scores >= _least(found.scores, limit)).nonzero()[0])
        return [self._row(first, last, *slots) for slots in zip(*(part.tolist() for part in best[1:]), strict=True)]

    def _row(self, first: int, last: int, out: int, middle: int, into: int) -> PlacedPath:
        """Return a path from the places of its edges in the rows of `first`, of the entity behind it and of `last`."""
        nears, links = self._walks.nears, self._walks.links
        if into < 0:
            return [first, last], [link_of(first, last, links[out])]
        one, other = nears[out], nears[into]
        begin, end = link_of(first, one, links[out]), link_of(other, last, links[into])
        if middle < 0:
            return [first, one, last], [begin, end]
        return [first, one, other, last], [begin, link_of(one, other, links[middle]), end]

    def _steps(self, place: int, other: int, hub_limit: int) -> _Steps:
        """Return what may be walked through from one end on the way to the other, each by its best edge."""
        walks = self._walks
        start, end = walks.row(place)
        row = self._near[start:end]
        # Which entities may be walked through; computed once for each new limit.
        if self._open[0] != hub_limit:
            self._open = (hub_limit, self._walks.degrees <= hub_limit)
        keep = self._open[1].take(row, mode="clip")
        keep[1:] &= row[1:] != row[:-1]
        for gone in (place, other, *walks.hidden.get(place, ())):
            if (slot := walks.slot(place, gone)) is not None:
                keep[slot - start] = False
        kept = keep.nonzero()[0]
        near, slots = row.take(kept), kept + start
        weights = self._weights.take(self._link.take(slots))
        return _Steps(near, slots, weights, weights * self._penalties.take(near))

    def _best_links(self, here: _Steps, there: _Steps, limit: int, known: PathScores) -> _Found:
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
        starts, lengths = self._walks.start.take(here.near), self._lengths.take(here.near)
        ends = lengths.cumsum()
        behind = np.arange(int(ends[-1]))
        behind += (starts + lengths - ends).repeat(lengths)
        beyond = self._near.take(behind, mode="clip")
        wanted = np.zeros(len(self._lengths), np.bool_)
        wanted[there.near] = True
        hits = wanted.take(beyond, mode="clip").nonzero()[0]
        origin, slots = ends.searchsorted(hits, "right"), behind.take(hits)
        ones, others = here.near.take(origin), beyond.take(hits)
        keep = (self._near.take(slots - 1, mode="wrap") != others) | (slots == starts.take(origin))
        keep &= others != ones
        if self._walks.hidden:
            # Leave out links between entities of a hidden pair.
            links, hidden = zip(ones.tolist(), others.tolist(), strict=True), self._walks.hidden
            keep &= np.array([other not in hidden.get(one, ()) for one, other in links], np.bool_)
        kept = keep.nonzero()[0]
        origin, slots, goal = origin.take(kept), slots.take(kept), there.near.searchsorted(others.take(kept))
        scores = here.worth.take(origin) * self._weights.take(self._link.take(slots)) * there.worth.take(goal)
        return _Found(scores, here.slots.take(origin), slots, there.slots.take(goal))


class _Steps(NamedTuple):
    """Entities next to one end of the paths."""

    near: NDArray[Any]
    """The entities."""
    slots: NDArray[Any]
    """Where the best edge to each stands."""
    weights: NDArray[Any]
    """Weight of that edge."""
    worth: NDArray[Any]
    """That weight by the root of the entity's degree."""

    def sorted(self) -> _Steps:
        """The steps of most worth first."""
        order = np.argsort(-self.worth, kind="stable")
        return _Steps(*(part[order] for part in self))

    def part(self, start: int, stop: int) -> _Steps:
        """Some of the steps."""
        return _Steps(*(part[start:stop] for part in self))


class _Found(NamedTuple):
    """Paths between two entities, by where their edges stand."""

    scores: NDArray[Any]
    """What each is worth."""
    out: NDArray[Any]
    """The first edge, in the row of the first entity."""
    middle: NDArray[Any]
    """The second of three edges; -1 where there are fewer."""
    into: NDArray[Any]
    """The last edge, in the row of the last entity; -1 where there is one only."""

    def and_also(self, more: _Found) -> _Found:
        """These and more."""
        if not len(self.scores) or not len(more.scores):
            return more if len(more.scores) else self
        return _Found(*(np.concatenate(parts) for parts in zip(self, more, strict=True)))

    def part(self, which: Slots) -> _Found:
        """Some of the paths."""
        return _Found(*(part.take(which) for part in self))

    def turned(self) -> _Found:
        """The same paths seen from their other end."""
        return _Found(self.scores, self.into, self.middle, self.out)


_NOWHERE = np.full(1, -1)
_NOTHING = _Found(np.zeros(0), *[np.zeros(0, np.int64)] * 3)


def _two_hops(ours: _Steps, theirs: _Steps) -> _Found:
    if len(theirs.near) < len(ours.near):
        return _two_hops(theirs, ours).turned()
    if not len(ours.near):
        return _NOTHING
    places = theirs.near.searchsorted(ours.near)
    same = (theirs.near.take(places, mode="clip") == ours.near).nonzero()[0]
    goal = places.take(same)
    scores = ours.worth.take(same) * theirs.weights.take(goal)
    return _Found(scores, ours.slots.take(same), np.full(len(same), -1), theirs.slots.take(goal))


def _at_least(falling: PathScores, least: float) -> int:
    """Return how many of some scores, the highest first, are not below one."""
    return len(falling) - int(falling[::-1].searchsorted(least))


def _least(scores: PathScores, limit: int) -> float:
    """Return from which score on one may be among the best."""
    if len(scores) <= limit:
        return 0.0
    return float(np.partition(scores, -limit)[-limit]) * (1 - _SLACK) - _MARGIN
