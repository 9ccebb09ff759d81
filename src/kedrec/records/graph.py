"""What the graph holds, and what a name was understood as."""

from __future__ import annotations

from typing import Final, Literal

from kedrec.records.base import Record

__all__ = ["SIDE_EFFECT", "Alternative", "Edge", "Entity", "GraphPath", "Match", "MatchKind"]

MatchKind = Literal["exact", "synonym", "folded", "given", "ambiguous", "none"]


SIDE_EFFECT: Final = "Side Effect"
"""Kind of an entity that is an unwanted effect of drugs; it may stand where a disease is asked about."""


class Entity(Record):
    """A node of the graph."""

    id: str
    """As in DRKG, kind first: `Compound::DB00107`."""
    kind: str
    """`Compound`, `Disease`, `Gene`, …: what stands before `::` in the id."""
    name: str
    """Preferred name; the id itself where no name is known."""
    synonyms: tuple[str, ...] = ()
    """Other names, brand names included where the names file has them."""
    also: tuple[str, ...] = ()
    """Its other ids, where the graph has it under several."""

    @property
    def ids(self) -> frozenset[str]:
        """All ids that mean it."""
        return frozenset((self.id, *self.also))


class Edge(Record):
    """A triple of the graph."""

    head: str
    """Entity id."""
    relation: str
    """DRKG's own relation name: `DRUGBANK::target::Compound:Gene`."""
    tail: str
    """Entity id."""
    source: str
    """Source database: what stands before the first colon of the relation."""


class GraphPath(Record):
    """A path between two entities, whichever way its edges point."""

    edges: tuple[Edge, ...]
    """In order from the first entity to the last."""
    score: float
    """Higher is better; comparable within one answer only."""
    why: str
    """What made the score: hub penalty, relation weight."""


class Alternative(Record):
    """An entity that a name may have meant."""

    id: str
    """Entity id."""
    name: str
    """Preferred name."""
    score: float
    """Similarity of the names, 0 to 100; 99 for a known relative: the drug without its salt, a twin name."""


class Match(Record):
    """What a name was understood as."""

    query: str
    """The name as given."""
    match: MatchKind
    """How it was found; `given`: the graph lacks the id, and the name is the one that the pair gives; `ambiguous` and
    `none` come without an entity."""
    entity: Entity | None = None
    """The entity; None for `ambiguous` and `none`."""
    alternatives: tuple[Alternative, ...] = ()
    """Candidates, best first: the several owners of an ambiguous name, or similar names where none was found."""
