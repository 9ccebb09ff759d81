"""A graph's arrays in which all ids of one drug or disease stand at the place of the first."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kedrec.graphdb.groups import Groups
    from kedrec.graphdb.link_prediction.kernels import GraphArrays

__all__ = ["JoinedArrays", "joined"]


@dataclass(frozen=True)
class JoinedArrays:
    """The arrays of a graph with other ends."""

    graph: GraphArrays
    """The graph as it is."""
    heads: NDArray[np.int32]
    """Where the head of each triple stands for."""
    tails: NDArray[np.int32]
    """The same for its tail."""

    @property
    def ids(self) -> Sequence[str]:
        """Entity ids; those that are not the first of a group have no edge left."""
        return self.graph.ids

    @property
    def names(self) -> Sequence[str]:
        """Preferred names."""
        return self.graph.names

    @property
    def relations(self) -> Sequence[str]:
        """Relation names."""
        return self.graph.relations

    @property
    def rels(self) -> NDArray[np.int32]:
        """Relation of each triple."""
        return self.graph.rels

    @property
    def source_sha256(self) -> str:
        """Hash of the files the graph was built from."""
        return self.graph.source_sha256

    @property
    def groups(self) -> Groups:
        """Which ids were joined."""
        return self.graph.groups

    def synonyms(self, i: int) -> tuple[str, ...]:
        """Other names of an entity."""
        return self.graph.synonyms(i)


def joined(graph: GraphArrays) -> GraphArrays:
    """Return the arrays of a graph with the edges of every group at its first id."""
    if not graph.groups.all:
        return graph
    places = {entity_id: place for place, entity_id in enumerate(graph.ids)}
    stands_for = np.arange(len(graph.ids), dtype=np.int32)
    for first, *others in graph.groups.all:
        stands_for[[places[one] for one in others]] = places[first]
    return JoinedArrays(graph, stands_for[graph.heads], stands_for[graph.tails])
