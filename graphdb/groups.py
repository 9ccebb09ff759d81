"""Ids of one drug or disease, joined: what the graph says of one of them it says of all."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import product

__all__ = ["TAKEN_AS_ONE", "Group", "Groups"]

TAKEN_AS_ONE = "Taken as one: "
"""Beginning of the notes that say which ids were joined."""

Group = tuple[str, ...]
"""Ids of one thing; the first stands for it."""


class Groups:
    """The groups of a graph's ids.

    Args:
        groups: each of several ids; an id is in one at most.
    """

    def __init__(self, groups: Iterable[Sequence[str]] = ()) -> None:
        self.all: tuple[Group, ...] = tuple(tuple(group) for group in groups)
        self._of = {one: group for group in self.all for one in group}

    def of(self, entity_id: str) -> Group:
        """All ids of what has this id; that id alone where it has no other."""
        return self._of.get(entity_id) or (entity_id,)

    def note(self, entity_id: str, name: str) -> str:
        """Say which ids were joined, in a sentence; empty where there is one only."""
        *others, last = self.of(entity_id)
        return f"{TAKEN_AS_ONE}{name} = {', '.join(others)} and {last}." if others else ""

    def spread(self, pairs: frozenset[frozenset[str]]) -> frozenset[frozenset[str]]:
        """Return the pairs and those of all other ids of both ends."""
        grouped = [pair for pair in pairs if not self._of.keys().isdisjoint(pair)] if self.all else []
        return pairs.union(frozenset(ids) for pair in grouped for ids in product(*(self.of(end) for end in pair)))
