"""The graph's evidence as a picture's nodes and edges, read back from what a trace holds of it."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from kedrec.records import Evidence, Recommendation, Triple, triples_of
from kedrec.tools.text.graph_sentences import relation_verb

__all__ = ["DrawnEdge", "DrugPaths", "network_of"]

MOST_LINKS = 26
"""Edges in one picture; those that are cited come first."""


@dataclass
class DrawnEdge:
    """An edge of the graph, and the evidence that rests on it."""

    head: str
    """Entity id."""
    relation: str
    """DRKG's relation."""
    tail: str
    """Entity id."""
    keys: list[str] = field(default_factory=list)
    """Keys of the evidence."""
    cited: bool = False
    """Whether any of it is cited."""


@dataclass(frozen=True)
class DrugPaths:
    """What the evidence says about one drug in the disease."""

    start: str
    """Id of the drug."""
    end: str
    """Id of the disease."""
    links: tuple[DrawnEdge, ...]
    """Edges."""
    names: Mapping[str, str]
    """Entity id -> name; ids without a name are missing."""

    def columns(self) -> list[list[str]]:
        """Node ids from the drug on the left to the disease on the right, by their distance from the drug."""
        depth = self._depths()
        last = max([at for node, at in depth.items() if node != self.end], default=0) + 1
        columns: list[list[str]] = [[] for _ in range(last + 1)]
        for node, at in depth.items():
            columns[last if node == self.end else at].append(node)
        return [_beside(column, columns[at - 1], self.links) if at else column for at, column in enumerate(columns)]

    def _depths(self) -> dict[str, int]:
        depth, waiting = {self.start: 0}, deque([self.start])
        beside = _neighbours(self.links)
        while waiting:
            node = waiting.popleft()
            for other in beside.get(node, ()) if node != self.end else ():
                if other not in depth:
                    depth[other] = depth[node] + 1
                    waiting.append(other)
        for link in self.links:
            for node in (link.head, link.tail):
                depth.setdefault(node, 1)
        return depth


def network_of(recommendation: Recommendation, drug: str, cited: Iterable[str]) -> DrugPaths:
    """The graph's evidence about one candidate.

    Args:
        recommendation: the outcome.
        drug: id of the candidate.
        cited: keys that are cited.
    """
    wanted, links = set(cited), dict[Triple, DrawnEdge]()
    names = {entity.id: entity.name for entity in (recommendation.disease, *recommendation.candidates)}
    about = [entry for key, entry in recommendation.evidence.items() if key[:1] == "K" and drug in entry.about]
    for entry in sorted(about, key=lambda entry: entry.key not in wanted):
        triples = triples_of(entry.source_id)
        _read_names(entry, triples, names)
        if any(triple not in links for triple in triples) and len(links) + len(triples) > MOST_LINKS:
            continue
        for triple in triples:
            link = links.setdefault(triple, DrawnEdge(*triple))
            link.keys.append(entry.key)
            link.cited = link.cited or entry.key in wanted
    return DrugPaths(drug, recommendation.disease.id, tuple(links.values()), names)


def _read_names(entry: Evidence, triples: Sequence[Triple], names: dict[str, str]) -> None:
    """Names as the evidence's own words have them: `HEAD verb TAIL (SOURCE)`, one clause for each edge.

    An entity has one name wherever it stands, so that a name may hold what else parts clauses.
    """
    places = {end: at for at, end in enumerate(dict.fromkeys(end for head, _, tail in triples for end in (head, tail)))}
    groups = [f"(?P<n{at}>.+?)" for at in places.values()]
    clauses = []
    for head, relation, tail in triples:
        ends = []
        for end in (head, tail):
            ends.append(groups[places[end]])
            groups[places[end]] = f"(?P=n{places[end]})"
        clauses.append(rf"{ends[0]} {re.escape(relation_verb(relation))} {ends[1]} \([^()]*\)")
    if found := re.fullmatch("; ".join(clauses), entry.text):
        for end, at in places.items():
            names.setdefault(end, found[f"n{at}"])


def _neighbours(links: Iterable[DrawnEdge]) -> dict[str, list[str]]:
    beside: dict[str, list[str]] = {}
    for link in links:
        beside.setdefault(link.head, []).append(link.tail)
        beside.setdefault(link.tail, []).append(link.head)
    return beside


def _beside(column: list[str], before: list[str], links: Sequence[DrawnEdge]) -> list[str]:
    """A column in the order of what its nodes are linked with in the one before."""
    beside, place = _neighbours(links), {node: at for at, node in enumerate(before)}

    def mean(node: str) -> float:
        linked = [place[other] for other in beside.get(node, ()) if other in place]
        return sum(linked) / len(linked) if linked else len(before)

    return sorted(column, key=mean)
