"""Neighbourhoods of a few entities, sampled from the whole graph, so that a step never needs more than they hold."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kedrec.arrays import Indices
from kedrec.graphdb.embeddings.task import LinkTask

__all__ = ["Hop", "Messages", "Neighbourhood", "messages_of"]

Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class Hop:
    """The messages of one layer; entities are numbered as in `Neighbourhood.nodes`."""

    targets: int
    """How many entities hear: the first ones."""
    sources: Indices
    """Who speaks, shape (messages,)."""
    places: Indices
    """Who hears."""
    relations: NDArray[np.int64]
    """Along which relation; `relations + r` is relation r walked from tail to head."""
    shares: NDArray[np.float32]
    """What one message counts in the mean of those that its hearer hears along its relation."""
    crowds: NDArray[np.float32]
    """How many of them there are in the graph; an estimate where they were sampled."""


@dataclass(frozen=True)
class Neighbourhood:
    """All that some entities' vectors are made of."""

    nodes: Indices
    """Places of the entities; each layer needs the first of them."""
    hops: tuple[Hop, ...]
    """In the order in which the layers are computed, the farthest first."""


@dataclass(frozen=True)
class Messages:
    """Every triple as two messages, grouped by who hears.

    A disease hears nothing from compounds: those of a held-out disease are unknown, and a network that had learnt to
    listen to them would be at a loss. Compounds do hear from diseases.
    """

    starts: Indices
    """Where the messages to each entity begin, and where the last ones end, shape (entities + 1,)."""
    sources: NDArray[np.int32]
    """Who speaks; sorted by hearer, relation, speaker."""
    relations: NDArray[np.int16]
    """Relation, or `count` + relation from tail to head."""
    compounds: Flags
    """Which entities are compounds."""
    count: int
    """Number of relations."""

    def around(
        self,
        seeds: Indices,
        fans: Sequence[int | None],
        rng: np.random.Generator | None = None,
        silent: Flags | None = None,
    ) -> Neighbourhood:
        """Walk outwards from some entities.

        Args:
            seeds: distinct places.
            fans: per hop, the most messages that an entity hears; None for all. Of more, a systematic sample is taken:
                at even steps from a random start along the list sorted by relation, so that each relation keeps its
                part and no message is taken twice.
            rng: needed where anything is sampled.
            silent: diseases that compounds do not hear from.
        """
        nodes, hops = np.asarray(seeds, np.int64), []
        for fan in fans:
            hop_nodes, hop = self._hop(nodes, fan, rng, silent)
            nodes = hop_nodes
            hops.append(hop)
        return Neighbourhood(nodes, tuple(reversed(hops)))

    def _hop(
        self, nodes: Indices, fan: int | None, rng: np.random.Generator | None, silent: Flags | None
    ) -> tuple[Indices, Hop]:
        slots, places, scale = self._slots(nodes, fan, rng)
        sources = self.sources[slots].astype(np.int64)
        relations = self.relations[slots].astype(np.int64)
        if silent is not None:
            spoken = ~(silent[sources] & self.compounds[nodes[places]])
            sources, relations, places = sources[spoken], relations[spoken], places[spoken]
        others = np.setdiff1d(sources, nodes)
        everyone = np.concatenate((nodes, others))
        order = np.argsort(everyone, kind="stable")
        local = order[np.searchsorted(everyone, sources, sorter=order)]
        # How often each key occurs.
        _, groups, sizes = np.unique(places * (2 * self.count) + relations, return_inverse=True, return_counts=True)
        heard = np.asarray(sizes[groups], np.int64)
        crowds = heard * scale[places]
        shares = np.asarray(1 / heard, np.float32)
        return everyone, Hop(len(nodes), local, places, relations, shares, np.asarray(crowds, np.float32))

    def _slots(
        self, nodes: Indices, fan: int | None, rng: np.random.Generator | None
    ) -> tuple[Indices, Indices, NDArray[np.float64]]:
        """Return the messages heard, the place in `nodes` of their hearers, and how many each of a node stands for."""
        available = self.starts[nodes + 1] - self.starts[nodes]
        taken = available if fan is None else np.minimum(available, fan)
        places = np.repeat(np.arange(len(nodes)), taken)
        step = np.arange(len(places)) - np.repeat(np.cumsum(taken) - taken, taken)
        scale = available / np.maximum(taken, 1)
        if rng is not None and fan is not None:
            spread = ((step + rng.random(len(nodes))[places]) * scale[places]).astype(np.int64)
            step = np.where(scale[places] > 1, spread, step)
        return self.starts[nodes][places] + step, places, scale


def messages_of(task: LinkTask) -> Messages:
    """Return the messages that the triples of a task carry."""
    drugs, diseases, count = task.is_kind("Compound"), task.is_kind("Disease"), len(task.relations)
    hearers = np.concatenate((task.tails, task.heads))
    sources = np.concatenate((task.heads, task.tails))
    relations = np.concatenate((task.rels, task.rels + count)).astype(np.int16)
    kept = np.flatnonzero(~(drugs[sources] & diseases[hearers]))
    kept = kept[np.lexsort((sources[kept], relations[kept], hearers[kept]))]
    heard = np.bincount(hearers[kept], minlength=len(task.ids))
    starts = np.concatenate(([0], np.cumsum(heard))).astype(np.int64)
    return Messages(starts, sources[kept], relations[kept], drugs, count)
