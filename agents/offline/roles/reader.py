"""Reads what a drug is to a disease from the graph and the literature, with what is cited for it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Protocol

from kedrec.agents.offline.roles.beside import Beside, HeldDocuments, source_of, with_left_out
from kedrec.agents.offline.roles.family import told_of_kin
from kedrec.agents.offline.roles.role import (
    EDGE,
    EDGE_ALONE,
    HARMFUL,
    PLAIN,
    ROLES,
    STATED,
    USES,
    Role,
    RoleSource,
    decide,
)
from kedrec.agents.offline.roles.weighed import NAMING_BOTH, with_roles
from kedrec.agents.offline.roles.wordings import is_tracer
from kedrec.graphdb.link_prediction.kernels import is_therapeutic
from kedrec.graphdb.names.normalize import american, fold
from kedrec.graphdb.store import GraphStore, HiddenPairs
from kedrec.records import Corpora, Document, Entity, Record, edge_source, triples_of
from kedrec.tools.text.role_sentences import LEFT_OUT_SAID, PICTURED, claims_of, left_out_of

if TYPE_CHECKING:
    from kedrec.agents.offline.weigher import Weighing

__all__ = ["NamingRecords", "RoleReader"]

READ = 80
"""Most documents read of one corpus for one pair; those with both in the heading come first."""
COUNTED = 1_000
"""Most records of one corpus that are counted for one pair."""
KEPT = 12
"""Pairs whose documents are kept: those of one question."""
MOST_MEMBERS = 5_000
"""Roles of drugs of a class that are remembered."""
LITTLE = 2.0
"""Documents of use, an edge counted as `EDGE`, up to which what is told of the class is held against it."""
TEST = "diagnoses_or_provokes"
KIN = 16
"""Most drugs of the same class that are looked at."""
_TURN = re.compile(r"\b(?:hypo|hyper)(?=\w{5})", re.IGNORECASE)
_TURNS = {"hypo": "hyper", "hyper": "hypo"}


class NamingRecords(Record):
    """How much was found of a drug in a disease."""

    records: int
    """Records that name both."""
    years: tuple[int, int] | None
    """Of the earliest and the latest of those that were read; None where none has a year."""

    def told(self, drug: str, disease: str) -> str:
        """A note in words."""
        when = f", from {self.years[0]} to {self.years[1]}" if self.years else ""
        return f"{NAMING_BOTH}{drug} and {disease}: {self.records}{when}."


class _Meetings(Protocol):
    def meetings(self, disease_id: str, drug_id: str, setting: Corpora, limit: int) -> list[str]:
        """Ids of the documents that name both."""
        ...

    def alike(self, disease_id: str, drug_id: str, setting: Corpora) -> list[str]:
        """Ids of the drugs that act like one and stand in documents with the disease, the most alike first."""
        ...

    def leaves_out(self, disease_id: str, drug_id: str) -> bool:
        """Whether trials of the drug keep naming the disease, and never to treat it."""
        ...

    def stated(self, disease_id: str, drug_id: str, hidden: HiddenPairs = ...) -> tuple[str, ...]:
        """The visible therapeutic edges between the two."""
        ...


class RoleReader:
    """Reads roles for one graph and one literature.

    Args:
        store: the graph, with what is hidden hidden.
        literature: holds the documents; None where none may be used.
        weigher: knows which documents name both.
        setting: which corpora may be used.
        hidden: pairs whose direct edges count as never loaded.
    """

    def __init__(
        self,
        store: GraphStore,
        literature: HeldDocuments | None,
        weigher: _Meetings | None,
        setting: Corpora,
        hidden: HiddenPairs = frozenset(),
    ) -> None:
        self._store, self._literature, self._weigher, self._setting = store, literature, weigher, setting
        self._hidden = hidden
        self._beside = Beside(literature, setting)
        self._members: dict[tuple[str, str], Role] = {}
        self._read: dict[tuple[str, str], list[tuple[str, Document]]] = {}
        self._effects: dict[str, tuple[str, ...]] = {}
        self._opposites: dict[str, Entity | None] = {}

    def role(self, drug: Entity, disease: Entity, stated: Sequence[str] = ()) -> Role:
        """Return the role of a drug in a disease, with what is cited for it.

        Args:
            drug: the drug.
            disease: the disease.
            stated: the visible therapeutic edges between them, by their source ids.
        """
        own = self._own(drug, disease, stated)
        if is_tracer(drug):
            test = {"role": TEST, "sentence": f"{drug.name} makes it visible in pictures"}
            named = [
                RoleSource(source_id=identifier, role=TEST, weight=PICTURED, sentence=document.title)
                for identifier, document in self._documents(drug, disease)[:1]
            ]
            return decide([*(one.model_copy(update=test) if one.role in USES else one for one in own), *named])
        said = decide(own)
        by_edges = said.is_harmful and all(triples_of(one.source_id) for one in said.sources)
        if said.role in USES and said.support <= LITTLE:
            return self._against_little(own, drug, disease) or said
        if said.role != "unknown" and not by_edges:
            return said
        if not by_edges:
            own += [*self._beside.by_signs(drug, disease), *self._beside.of_class(drug, disease)]
            if (said := decide(own)).is_harmful:
                return said
        # The drugs of the same class, each with its role.
        alike = self._weigher.alike(disease.id, drug.id, self._setting)[:KIN] if self._weigher else []
        kin = [(member, self._of_member(member, disease)) for one in alike if (member := self._store.get(one))]
        better, worse = (sum(role.role in kind for _, role in kin) for kind in (USES, PLAIN))
        if by_edges:
            return said if worse >= better else decide(())
        return decide([*own, *told_of_kin(kin, better)])

    def cautions(self, drug: Entity, disease: Entity) -> list[RoleSource]:
        """Return everything that speaks of harm of a drug in a disease, whether or not it decides the role.

        What is said of the drug itself comes first, then of its class, then the criteria of trials that leave people
        with the disease out.

        Args:
            drug: the drug.
            disease: the disease.
        """
        own = [one for one in self._own(drug, disease, ()) if one.role not in USES]
        signs = [one for one in self._beside.by_signs(drug, disease) if one.role not in USES]
        return [*own, *signs, *self._beside.of_class(drug, disease), *self._beside.left_out(drug, disease)]

    def told(self, weighing: Weighing, disease_id: str, drug_ids: Sequence[str]) -> Weighing:
        """Return a weighing with what each drug is to the disease, and how much was found of each.

        Args:
            weighing: what the weigher said of the drugs, in the same order.
            disease_id: the disease.
            drug_ids: the drugs.
        """
        ill, drugs = self._store.get(disease_id), [self._store.get(one) for one in drug_ids]
        known = [drug for drug in drugs if drug is not None]
        if ill is None or self._weigher is None or len(known) < len(drugs):
            return weighing
        roles = [self.role(drug, ill, self._weigher.stated(ill.id, drug.id, self._hidden)) for drug in known]
        found = [self.found(drug, ill) for drug in known] if self._setting != "none" else []
        made = with_roles(weighing, roles, [drug.name for drug in known])
        notes = [one.told(drug.name, ill.name) for one, drug in zip(found, known, strict=False)]
        return made.model_copy(update={"notes": (*made.notes, *notes)})

    def found(self, drug: Entity, disease: Entity) -> NamingRecords:
        """Return how many records name both, and from which years."""
        identifiers = self._weigher.meetings(disease.id, drug.id, self._setting, COUNTED) if self._weigher else []
        years = sorted(document.year for _, document in self._documents(drug, disease) if document.year)
        return NamingRecords(records=len(identifiers), years=(years[0], years[-1]) if years else None)

    def _own(self, drug: Entity, disease: Entity, stated: Sequence[str]) -> list[RoleSource]:
        """Return what speaks of the drug itself."""
        edges = [RoleSource(source_id=edge, role="treats", weight=EDGE, sentence=edge) for edge in stated[:1]]
        return [
            *edges,
            *self._edges(drug, disease),
            *self._opposite(drug, disease),
            *self._side_effects(drug, disease),
            *self._told(drug, disease),
        ]

    def _against_little(self, own: Sequence[RoleSource], drug: Entity, disease: Entity) -> Role | None:
        """Return the role where texts on the drug or its class outweigh a use with little evidence; None where not.

        An edge that no text bears out counts half there.
        """
        of_class = self._beside.of_class(drug, disease)
        written = [one for one in own if one.role in HARMFUL and not triples_of(one.source_id)]
        if not of_class and all(one.sentence.startswith(LEFT_OUT_SAID) for one in written):
            return None
        borne_out = any(one.role in USES and not triples_of(one.source_id) for one in own)
        half = {"weight": EDGE if borne_out else EDGE_ALONE}
        mine = [one.model_copy(update=half) if one.weight == EDGE and one.role in USES else one for one in own]
        said = decide([*mine, *of_class])
        return said if said.is_harmful else None

    def _of_member(self, member: Entity, disease: Entity) -> Role:
        """Return the role of a drug by what speaks of itself; kept, as a ranking asks for many of one class."""
        key = (member.id, disease.id)
        if key not in self._members:
            stated = self._weigher.stated(disease.id, member.id, self._hidden) if self._weigher else ()
            self._members[key] = decide(self._own(member, disease, stated))
        while len(self._members) > MOST_MEMBERS:
            self._members.pop(next(iter(self._members)), None)
        return self._members.get(key) or decide(())

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
            match = self._store.search(turned, kinds=("Disease",), limit=0) if turned != disease.name else None
            self._opposites[disease.id] = match.entity if match else None
        other = self._opposites[disease.id]
        edges = self._store.direct(drug.id, other.id) if other else []
        for edge in [edge for edge in edges if is_therapeutic(edge.relation)][:1]:
            source = edge_source(edge.head, edge.relation, edge.tail)
            text = f"it is used for {other.name if other else ''}, the opposite"
            yield RoleSource(source_id=source, role="causes_or_worsens", weight=EDGE, sentence=text)

    def _side_effects(self, drug: Entity, disease: Entity) -> Iterable[RoleSource]:
        """Yield the edges to a side effect that has the disease's name."""
        for effect in self.namesakes(disease):
            for edge in self._store.direct(drug.id, effect)[:1]:
                text = f"{disease.name} is a side effect of {drug.name}"
                source = edge_source(edge.head, edge.relation, edge.tail)
                yield RoleSource(source_id=source, role="causes_or_worsens", weight=EDGE, sentence=text)

    def namesakes(self, disease: Entity) -> tuple[str, ...]:
        """Return the side effects of the graph that have a name of the disease, by id."""
        if disease.id not in self._effects:
            names = {_plain(name) for name in (disease.name, *disease.synonyms)}
            found = []
            for name in sorted(names):
                match = self._store.search(name, kinds=("Side Effect",), limit=0)
                near = [match.entity] if match.entity else []
                found += [one.id for one in near if names & {_plain(own) for own in (one.name, *one.synonyms)}]
            self._effects[disease.id] = tuple(dict.fromkeys(found))
        return self._effects[disease.id]

    def _told(self, drug: Entity, disease: Entity) -> Iterable[RoleSource]:
        """Return what the documents that name both say, and whom trials of the drug leave out."""
        leaves_out = self._weigher is not None and self._weigher.leaves_out(disease.id, drug.id)
        said: list[RoleSource] = []
        left_out: list[RoleSource] = []
        for identifier, document in self._documents(drug, disease):
            text = f"{document.title}.\n{document.text}"
            claims = claims_of(text, drug, disease)
            said += (source_of(identifier, claim) for claim in claims)
            criterion = left_out_of(text, drug, disease) if leaves_out and document.corpus == "trials" else None
            if criterion and not claims:
                left_out.append(source_of(identifier, criterion))
        return with_left_out(said, left_out)

    def _documents(self, drug: Entity, disease: Entity) -> list[tuple[str, Document]]:
        """Return the documents that name both and are read, those of the last pairs as they were read before."""
        if self._literature is None or self._weigher is None:
            return []
        key = (drug.id, disease.id)
        if key not in self._read:
            names = self._weigher.meetings(disease.id, drug.id, self._setting, READ)
            read = ((name, self._literature.document(name)) for name in names)
            self._read[key] = [(name, found) for name, found in read if found is not None and not found.retracted]
        while len(self._read) > KEPT:
            self._read.pop(next(iter(self._read)), None)
        return self._read.get(key, [])


def _plain(name: str) -> str:
    return american(fold(name))
