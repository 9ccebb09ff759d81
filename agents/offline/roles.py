"""What a drug is to a disease, by the graph and the literature, with what is cited for it: treatment, cause, test.

Evidence is counted by the source, not by the sentence. Text of harm has to outweigh text of use and the graph's own
statement of a use before a drug is taken for anything but a treatment: silence and weak text leave it as it is.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Literal, Protocol

from kedrec.graphdb.link_prediction.kernels import is_therapeutic
from kedrec.graphdb.names.normalize import american, fold
from kedrec.graphdb.store import GraphStore
from kedrec.records import Corpora, Document, Entity, Evidence, Record, edge_source, triples_of
from kedrec.tools.text.role_sentences import Claim, claims_of

__all__ = ["HARMFUL", "ROLES", "Role", "RoleName", "RoleReader", "RoleSource", "decide", "is_no_drug", "role_in"]

RoleName = Literal[
    "treats", "prevents", "causes_or_worsens", "diagnoses_or_provokes", "own_substance_in_excess", "contraindicated",
    "unknown",
]  # fmt: skip
ROLES: dict[RoleName, str] = {
    "treats": "is used for it",
    "prevents": "prevents it",
    "causes_or_worsens": "causes or worsens it",
    "diagnoses_or_provokes": "serves to provoke or to test for it",
    "own_substance_in_excess": "is what there is too much of in it",
    "contraindicated": "is contraindicated in it",
    "unknown": "has no known role in it",
}
"""Every role, and the words that say it of a drug in a disease."""
HARMFUL: tuple[RoleName, ...] = (
    "causes_or_worsens", "diagnoses_or_provokes", "own_substance_in_excess", "contraindicated",
)  # fmt: skip
"""Roles that speak against a drug as a treatment."""
READ = 80
"""Most documents read of one corpus for one pair; those with both in the heading come first."""
CITED = 4
"""Most sources cited for a role."""
_TURN = re.compile(r"\b(?:hypo|hyper)(?=\w{5})", re.IGNORECASE)
_TURNS = {"hypo": "hyper", "hyper": "hypo"}
_SYMBOL = re.compile(r"[A-Z][A-Z0-9]{2,9}")
EDGE = 2.0
"""Documents that a visible therapeutic edge of the graph counts as, and an edge that states a side effect."""
STATED: dict[str, tuple[RoleName, float]] = {
    "GNBR::Sa::Compound:Disease": ("causes_or_worsens", 1.0),
    "GNBR::J::Compound:Disease": ("own_substance_in_excess", 1.0),
    "GNBR::Mp::Compound:Disease": ("own_substance_in_excess", 0.5),
}
"""Relations read from texts by machine: side effect, part in the making of the disease, marker of it; each counts as a
document at most."""
LEAST = 2.0
"""Documents of harm that it takes where anything tells of a use."""
PLAIN: tuple[RoleName, ...] = ("causes_or_worsens", "contraindicated")
"""Roles of which one plain statement is enough where nothing at all tells of a use."""
RATIO = 1.5
"""How many times the documents of use they have to be."""


class RoleSource(Record):
    """Something that is cited for a role."""

    source_id: str
    """Document id, or the triple."""
    role: str
    """What it says."""
    weight: float
    """How plainly it says it, 0 to 1; an edge counts `EDGE`."""
    sentence: str
    """The sentence of the document; the edge in words."""
    names_both: bool = True
    """Whether that sentence names both the drug and the disease."""


class Role(Record):
    """What a drug is to a disease."""

    role: RoleName
    """As in `ROLES`."""
    support: float
    """Documents for this role."""
    against: float
    """Documents for the opposite: use against harm."""
    sources: tuple[RoleSource, ...]
    """What is cited for it, the plainest first."""

    @property
    def is_harmful(self) -> bool:
        """Whether it speaks against the drug as a treatment."""
        return self.role in HARMFUL


class _Literature(Protocol):
    def document(self, identifier: str) -> Document | None:
        """One document."""
        ...


class _Meetings(Protocol):
    def meetings(self, disease_id: str, drug_id: str, setting: Corpora, limit: int) -> list[str]:
        """Ids of the documents that name both."""
        ...


class RoleReader:
    """Reads roles for one graph and one literature.

    Args:
        store: the graph, with what is hidden hidden.
        literature: holds the documents; None where none may be used.
        weigher: knows which documents name both.
        setting: which corpora may be used.
    """

    def __init__(
        self, store: GraphStore, literature: _Literature | None, weigher: _Meetings | None, setting: Corpora
    ) -> None:
        self._store, self._literature, self._weigher, self._setting = store, literature, weigher, setting
        self._effects: dict[str, tuple[str, ...]] = {}
        self._opposites: dict[str, Entity | None] = {}

    def role(self, drug: Entity, disease: Entity, stated: Sequence[str] = ()) -> Role:
        """Return the role of a drug in a disease, with what is cited for it.

        Args:
            drug: the drug.
            disease: the disease.
            stated: the visible therapeutic edges between them, by their source ids.
        """
        edges = [RoleSource(source_id=edge, role="treats", weight=EDGE, sentence=edge) for edge in stated[:1]]
        return decide(
            [
                *edges,
                *self._edges(drug, disease),
                *self._opposite(drug, disease),
                *self._side_effects(drug, disease),
                *self._told(drug, disease),
            ]
        )

    def _edges(self, drug: Entity, disease: Entity) -> Iterable[RoleSource]:
        """Yield the edges between the two that state harm, or a part in the disease."""
        pairs = ((one, other) for one in sorted(drug.ids) for other in sorted(disease.ids))
        for edge in (edge for pair in pairs for edge in self._store.direct(*pair)):
            role, weight = STATED.get(edge.relation, ("unknown", 0.0))
            if weight:
                source = edge_source(edge.head, edge.relation, edge.tail)
                text = f"{drug.name} {ROLES[role]} ({disease.name}), by an edge of the graph"
                yield RoleSource(source_id=source, role=role, weight=weight, sentence=text)

    def _opposite(self, drug: Entity, disease: Entity) -> Iterable[RoleSource]:
        """Yield the edge that states a use in the opposite of the disease: what lowers can lower too far."""
        if disease.id not in self._opposites:
            turned = _TURN.sub(lambda found: _TURNS[found[0].lower()], disease.name)
            match = self._store.search(turned, kinds=("Disease",), limit=1) if turned != disease.name else None
            self._opposites[disease.id] = match.entity if match else None
        other = self._opposites[disease.id]
        edges = self._store.direct(drug.id, other.id) if other else []
        for edge in [edge for edge in edges if is_therapeutic(edge.relation)][:1]:
            source = edge_source(edge.head, edge.relation, edge.tail)
            text = f"it is used for {other.name if other else ''}, the opposite"
            yield RoleSource(source_id=source, role="causes_or_worsens", weight=EDGE, sentence=text)

    def _side_effects(self, drug: Entity, disease: Entity) -> Iterable[RoleSource]:
        """Yield the edges to a side effect that has the disease's name."""
        if disease.id not in self._effects:
            self._effects[disease.id] = self._namesakes(disease)
        for effect in self._effects[disease.id]:
            for edge in self._store.direct(drug.id, effect)[:1]:
                text = f"{disease.name} is a side effect of {drug.name}"
                source = edge_source(edge.head, edge.relation, edge.tail)
                yield RoleSource(source_id=source, role="causes_or_worsens", weight=EDGE, sentence=text)

    def _namesakes(self, disease: Entity) -> tuple[str, ...]:
        """Return the side effects of the graph that have a name of the disease."""
        names = {_plain(name) for name in (disease.name, *disease.synonyms)}
        found = []
        for name in sorted(names):
            match = self._store.search(name, kinds=("Side Effect",), limit=3)
            near = [match.entity] if match.entity else []
            found += [one.id for one in near if names & {_plain(own) for own in (one.name, *one.synonyms)}]
        return tuple(dict.fromkeys(found))

    def _told(self, drug: Entity, disease: Entity) -> Iterable[RoleSource]:
        """Yield what the documents that name both say."""
        if self._literature is None or self._weigher is None:
            return
        for identifier in self._weigher.meetings(disease.id, drug.id, self._setting, READ):
            document = self._literature.document(identifier)
            if document is not None and not document.retracted:
                claims = claims_of(f"{document.title}.\n{document.text}", drug, disease)
                yield from (_source(identifier, claim) for claim in claims)


def _source(identifier: str, claim: Claim) -> RoleSource:
    return RoleSource(
        source_id=identifier, role=claim.role, weight=claim.weight, sentence=claim.sentence, names_both=claim.names_both
    )


def _plain(name: str) -> str:
    return american(fold(name))


def decide(sources: Sequence[RoleSource]) -> Role:
    """Return the role that the sources speak for, counted by the document; `unknown` where they hardly speak.

    Args:
        sources: what was found, for whatever role.
    """
    by_source: dict[str, dict[str, float]] = defaultdict(dict)
    for one in sources:
        by_source[one.source_id][one.role] = max(one.weight, by_source[one.source_id].get(one.role, 0.0))
    support: dict[str, float] = defaultdict(float)
    harm = use = 0.0
    for said in by_source.values():
        worst = max((said.get(role, 0.0) for role in HARMFUL), default=0.0)
        harm, use = harm + worst, use + said.get("treats", 0.0)
        for role, weight in said.items():
            support[role] += weight
    name: RoleName = "treats" if use >= 1 else "unknown"
    plain = max((support[role] for role in PLAIN), default=0.0)
    if harm > RATIO * use and (harm >= LEAST or (plain >= 1 and not use)):
        allowed = HARMFUL if harm >= LEAST else PLAIN
        name = max(allowed, key=lambda role: support[role])
    chosen = sorted(
        (one for one in sources if one.role == name), key=lambda one: (-one.weight, not one.names_both, one.source_id)
    )
    harmful = name in HARMFUL
    return Role(
        role=name,
        support=harm if harmful else use,
        against=use if harmful else harm,
        sources=tuple(chosen[:CITED]),
    )


def role_in(evidence: Iterable[Evidence], drug: Entity, disease: Entity) -> Role:
    """Return the role that the evidence of one question speaks for; its sources are evidence keys.

    Args:
        evidence: what was found, the edges between the two included.
        drug: the drug.
        disease: the disease.
    """
    found: list[RoleSource] = []
    for item in evidence:
        edges = triples_of(item.source_id) if item.key.startswith("K") else ()
        if item.key[0] in "PT":
            claims = claims_of(item.passage or item.text, drug, disease)
            found += [RoleSource(source_id=item.key, **claim._asdict()) for claim in claims]
        elif len(edges) == 1 and not any(one.ids.isdisjoint(edges[0]) for one in (drug, disease)):
            name, weight = ("treats", EDGE) if is_therapeutic(edges[0][1]) else STATED.get(edges[0][1], ("", 0.0))
            found += [RoleSource(source_id=item.key, role=name, weight=weight, sentence=item.text)] if name else []
    return decide(found)


def is_no_drug(drug: Entity, store: GraphStore) -> bool:
    """Whether what the graph files as a compound has a gene's symbol or that of a family of genes: `PDE4`.

    Args:
        drug: what is filed as a compound.
        store: the graph.
    """
    if drug.synonyms or not _SYMBOL.fullmatch(drug.name):
        return False
    family = (drug.name, *(f"{drug.name}{member}" for member in ("A", "B", "1", "2")))
    found = (store.search(name, kinds=("Gene",), limit=1).entity for name in family)
    return any(gene is not None and gene.name in family for gene in found)
