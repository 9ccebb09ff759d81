"""A graph on disk: its arrays mapped into memory, its ids and names read, shared by all views of it."""

from __future__ import annotations

from bisect import bisect_left
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from kedrec.graphdb import ranking
from kedrec.graphdb.drkg.files import KINDS
from kedrec.graphdb.embedded.adjacency import Link, Walks
from kedrec.graphdb.embedded.build import ARRAYS, GROUPS
from kedrec.graphdb.groups import Groups
from kedrec.graphdb.names.index import NameIndex
from kedrec.graphdb.names.resolver import Resolver
from kedrec.graphdb.snapshots import MappedLines, map_array, read_manifest, trouble
from kedrec.records import Edge

__all__ = ["MappedGraph"]

Range = tuple[int, int]


class MappedGraph:
    """What all views of one graph share; every file is opened at once, so that a later load cannot take one away.

    Args:
        folder: a version of a graph.

    Raises:
        DamagedData: its files do not fit together.
        NotReady: it was written in another format.
    """

    def __init__(self, folder: Path) -> None:
        self.manifest = read_manifest(folder)
        ids, names, relations, self._synonyms = (
            MappedLines(folder / f"{name}.txt") for name in ("ids", "names", "relations", "synonyms")
        )
        self.ids, self.names, self.relations = (lines.read() for lines in (ids, names, relations))
        path = folder / GROUPS
        # A graph that an older version loaded has no file of groups.
        lines = MappedLines(path).read() if path.exists() else []
        self.groups = Groups(line.split("\t") for line in lines)
        self._index = NameIndex.open(folder)
        self.arrays = {name: map_array(folder / f"{name}.npy") for name in ARRAYS}
        sizes = {name: len(array) for name, array in self.arrays.items()}
        whole = sizes["near"] == sizes["link"] == int(self.arrays["start"][-1])
        known = len(self.relations) == len(self.manifest.get("relations", self.relations))
        if not whole or not known or not len(self.ids) == len(self.names) == sizes["degrees"] == sizes["start"] - 1:
            raise trouble(folder, ValueError("its files do not fit each other"))
        self._folder = folder

    @cached_property
    def synonyms(self) -> list[str]:
        """Other names of each entity, joined by `|`.

        Raises:
            DamagedData: there are more or fewer than entities.
        """
        lines = self._synonyms.read() or [""] * min(len(self.ids), 1)
        if len(lines) != len(self.ids):
            raise trouble(self._folder, ValueError(f"synonyms.txt has {len(lines):,} of {len(self.ids):,} lines"))
        return lines

    @cached_property
    def kinds(self) -> dict[str, Range]:
        """Where the entities of each kind stand: from the first place up to, not including, the second."""
        found = {kind: (bisect_left(self.ids, f"{kind}::"), bisect_left(self.ids, f"{kind}:;")) for kind in KINDS}
        return {kind: (start, end) for kind, (start, end) in found.items() if start < end}

    @cached_property
    def triples(self) -> tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.int32]]:
        """Heads, relations and tails of all triples."""
        return Walks(self.arrays, ()).triples()

    @cached_property
    def weights(self) -> NDArray[np.float64]:
        """What an edge of each relation is worth."""
        return np.array([ranking.relation_weight(relation) for relation in self.relations])

    @cached_property
    def resolver(self) -> Resolver:
        """Finds entities by name."""
        return Resolver(self.ids, self.names, self.synonyms_of, self.places.get, self._index)

    def edge(self, link: Link) -> Edge:
        """The edge with these places."""
        head, relation, tail = link
        return ranking.make_edge(self.ids[head], self.relations[relation], self.ids[tail])

    def synonyms_of(self, i: int) -> tuple[str, ...]:
        """Other names of the entity at a place."""
        joined = self.synonyms[i]
        return tuple(joined.split("|")) if joined else ()

    @cached_property
    def places(self) -> dict[str, int]:
        """Place of each id."""
        return {entity_id: place for place, entity_id in enumerate(self.ids)}
