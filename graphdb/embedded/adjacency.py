"""Walks over the graph's arrays, by place: edges at an entity, common neighbours; hidden pairs left out."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kedrec.arrays import Places

__all__ = ["Link", "Slots", "Walks", "link_of"]

Link = tuple[int, int, int]
"""Places of the head, the relation and the tail of an edge."""
Slots = NDArray[np.int64]
"""Where edges stand in the array of all rows."""


class Walks:
    """Walks over one graph with some pairs hidden.

    Args:
        arrays: as `build` writes them.
        hidden: pairs of places whose edges are not there.
    """

    def __init__(self, arrays: Mapping[str, NDArray[Any]], hidden: Iterable[tuple[int, int]]) -> None:
        self.start, self.near, self.link = arrays["start"], arrays["near"], arrays["link"]
        self.starts, self.nears, self.links = (array.data for array in (self.start, self.near, self.link))
        self.hidden: dict[int, set[int]] = {}
        self.degrees: Places = arrays["degrees"]
        self._hide(hidden)
        self.counts = self.degrees.data

    def _hide(self, pairs: Iterable[tuple[int, int]]) -> None:
        found = [pair for pair in pairs if pair[0] != pair[1] and self.slot(*pair) is not None]
        if not found:
            return
        self.degrees = np.array(self.degrees)
        for one, other in found:
            if other not in self.hidden.setdefault(one, set()):
                self.hidden[one].add(other)
                self.hidden.setdefault(other, set()).add(one)
                self.degrees[[one, other]] -= 1

    def row(self, place: int) -> tuple[int, int]:
        """Return where the row of an entity begins and ends."""
        return self.starts[place], self.starts[place + 1]

    def slot(self, one: int, other: int) -> int | None:
        """Return where the best edge between two entities stands in the row of the first, hidden or not."""
        start, end = self.row(one)
        slot = bisect_left(self.nears, other, start, end)
        return slot if slot < end and self.nears[slot] == other else None

    def linked(self, place: int) -> bool:
        """Say whether an entity has any edge, hidden or not."""
        start, end = self.row(place)
        return start < end

    def has_edges(self, place: int) -> bool:
        """Say whether an entity has any edge left."""
        return bool(self.degrees[place]) or self.slot(place, place) is not None

    def between(self, one: int, other: int) -> list[Link]:
        """Return the edges between two entities, either way, by relation and head."""
        slot = None if other in self.hidden.get(one, ()) else self.slot(one, other)
        if slot is None:
            return []
        stop = bisect_left(self.nears, other + 1, slot, self.row(one)[1])
        return [link_of(one, other, link) for link in sorted(self.links[slot:stop])]

    def triples(self) -> tuple[Places, Places, Places]:
        """Return heads, relations and tails of all edges, hidden ones included, each shape (edges,)."""
        ends = np.repeat(np.arange(len(self.start) - 1, dtype=np.int32), np.diff(self.start))
        leads = (ends > self.near) == (self.link & 1).astype(np.bool_)
        return ends[leads], (self.link[leads] >> 1).astype(np.int32), self.near[leads]

    def visible(self, heads: Places, tails: Places) -> NDArray[np.bool_]:
        """Say of each edge whether it is visible."""
        if not self.hidden:
            return np.ones(len(heads), np.bool_)
        pairs = [(one, other) for one, others in self.hidden.items() for other in others]
        size = len(self.start)
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
        others: Places = self.near[slice(*self._part(place, among))]
        return others

    def _part(self, place: int, among: tuple[int, int] | None) -> tuple[int, int]:
        """Return where the edges of an entity to others at some places begin and end."""
        start, end = self.row(place)
        if among is None:
            return start, end
        return bisect_left(self.nears, among[0], start, end), bisect_left(self.nears, among[1], start, end)

    def edges_at(self, place: int, relation: int | None, among: tuple[int, int] | None, limit: int) -> list[Link]:
        """Return the first edges at an entity: by degree, place, relation and head of the other end.

        Args:
            place: the entity.
            relation: only edges of this relation.
            among: only edges whose other end is at these places.
            limit: most edges.
        """
        start, end = self._part(place, among)
        others, links = self.near[start:end], self.link[start:end]
        keep = np.ones(len(others), np.bool_) if relation is None else links >> 1 == relation
        if gone := self.hidden.get(place):
            keep &= ~np.isin(others, list(gone))
        others, links = others[keep], links[keep]
        keys = (self.degrees[others].astype(np.int64) << 32 | others) << 16 | links
        first = np.sort(np.partition(keys, limit)[: max(limit, 0)] if limit < len(keys) else keys)
        others, links = first >> 16 & (1 << 32) - 1, first & (1 << 16) - 1
        return [link_of(place, *edge) for edge in zip(others.tolist(), links.tolist(), strict=True)]


def link_of(one: int, other: int, link: int) -> Link:
    """Return an edge from the way it stands in the row of one of its ends."""
    low, high = (one, other) if one < other else (other, one)
    return (high, link >> 1, low) if link & 1 else (low, link >> 1, high)
