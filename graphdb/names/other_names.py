"""Names that the graph lacks and a documented other name of the same substance or illness has: taken, and always said.

The graph's own names come first. A salt, a part of a combination and a name that only looks alike are none of these.
"""

from __future__ import annotations

from collections.abc import Iterable

from kedrec.graphdb.names.index import STRICT_KINDS
from kedrec.graphdb.names.kinship import twins
from kedrec.graphdb.names.normalize import american, british, fold, fold_loosely
from kedrec.graphdb.store import GraphStore
from kedrec.records import Match

__all__ = ["by_other_name", "is_own_name", "read_as"]


def by_other_name(name: str, store: GraphStore, kind: str) -> Match | None:
    """Return what the graph has under other documented names, or by British or American spelling; None for several.

    Args:
        name: a name that the graph lacks, or that means several things in it.
        store: the graph.
        kind: `Compound` or `Disease`.
    """
    spelled = {american(name), *british(name)} - {name.lower()} if kind == "Compound" else set()
    others = twins(name) or sorted(spelled)
    found = {match.entity for other in others if (match := store.search(other, kinds=(kind,), limit=0)).entity}
    return Match(query=name, match="synonym", entity=found.pop()) if len(found) == 1 else None


def is_own_name(match: Match) -> bool:
    """Whether the graph itself has the name under which an entity was asked for."""
    if match.entity is None or match.match != "synonym":
        return True
    own = (match.entity.id, match.entity.name, *match.entity.synonyms)
    folds = (fold,) if match.entity.kind in STRICT_KINDS else (fold, fold_loosely)
    return match.query in own or any(by(match.query) in map(by, own) for by in folds)


def read_as(matches: Iterable[Match]) -> tuple[str, ...]:
    """Say of each name that is not the graph's own which entity it was read as."""
    return tuple(
        f"“{match.query}” is read as {match.entity.name} ({match.entity.id}), another name of the same."
        for match in matches
        if match.entity and not is_own_name(match)
    )
