"""Tools over the knowledge graph. Each docstring is the prompt that the model reads."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Literal

from kedrec.graphdb.names.kinship import KIN, are_parts
from kedrec.graphdb.ranking import make_edge
from kedrec.graphdb.store import GraphStore, PairEvidence
from kedrec.records import Edge, Entity, Finding, Match, ToolResult, triples_of
from kedrec.tools.drug_targets import NAMED, TARGETS, Acting, DrugTargets
from kedrec.tools.text.graph_sentences import path_id, path_sentence

__all__ = ["GraphTools", "Kind", "describe"]

Kind = Literal["drug", "disease", "gene", "any"]
KINDS: dict[Kind, tuple[str, ...] | None] = {
    "drug": ("Compound",),
    "disease": ("Disease",),
    "gene": ("Gene",),
    "any": None,
}
WORDS = {"Compound": "drug", "Disease": "disease", "Gene": "gene"}
LIMIT = 5
"""Findings of one sort in one answer."""
PATH_JOINT = " ; "
"""Stands between the edges of a path's source id."""
SHARED = 20
"""Genes between drug and disease that are looked at; pharmacological targets come first."""
HARMS = "Hetionet::CcSE::Compound:Side Effect"


class GraphTools:
    """The graph tools over one store.

    Args:
        store: the graph; pairs to be hidden are hidden in it already.
        hub_limit: entities with more neighbours are not walked through.
        given: names that came with ids; one whose id the graph lacks is asked about by its name.
    """

    def __init__(self, store: GraphStore, hub_limit: int = 500, given: Mapping[str, str] | None = None) -> None:
        self._store, self._given = store, given or {}
        self._drug_targets = DrugTargets(store)
        self._hub_limit = hub_limit

    def resolve_entity(self, name: str, kind: Kind = "any") -> ToolResult:
        """Find out what a name means in the knowledge graph, before using it elsewhere.

        Never guesses: an ambiguous or unknown name comes back with suggestions; a similar name is not the same drug.

        Args:
            name: Name, synonym, brand name or id of a drug, disease or gene.
            kind: What it should be.
        """
        match = self._search(name, kind)
        data = {"match": match.model_dump(mode="json")}
        if match.entity is not None:
            return ToolResult(status="found", message=f"{name!r} is {describe(match.entity)}.", data=data)
        if match.match == "ambiguous":
            owners = _listed(f"{alternative.name} ({alternative.id})" for alternative in match.alternatives)
            return ToolResult(
                status="ambiguous", message=f"{match.query!r} is ambiguous: {owners}. Say which, by its id.", data=data
            )
        other = self._store.search(match.query).entity if kind != "any" else None
        if other is not None:
            akin = any(alternative.score == KIN for alternative in match.alternatives)
            message = f"{match.query!r} is {describe(other)}, not a {kind}.{_near(match) if akin else ''}"
        else:
            what = "name" if kind == "any" else kind
            message = f"The graph has no {what} called {match.query!r}.{_near(match)}"
        return ToolResult(status="unknown_entity", message=message, data=data)

    def graph_evidence(self, disease: str, drug: str) -> ToolResult:
        """List what the knowledge graph says about a drug and a disease.

        Known links between the two, genes that both are linked to, paths from one to the other, the drug's targets,
        what else it treats and its side effects; each with its source.

        Args:
            disease: Name or id of the disease.
            drug: Name or id of the drug.
        """
        found = self._both(disease, drug)
        if isinstance(found, ToolResult):
            return found
        ill, compound = found
        pair = self._store.batch_evidence([(compound.id, ill.id)], limit=SHARED)[0]
        acting = self._drug_targets.acting(compound.id, ill.id)
        direct, between = self._pair_findings(pair, acting)
        targets = self._acting(acting)
        through = [one for one in between if f"|{TARGETS}|" in one.source_id.partition(PATH_JOINT)[0]][:NAMED]
        shared = [one for one in targets if one.source_id.count(PATH_JOINT) == 2]
        every = [*direct, *shared, *through, *targets, *between, *self._profile(compound)]
        findings = tuple({finding.source_id: finding for finding in every}.values())
        linked = len(pair.direct) + len(pair.shared_genes) + len(pair.paths)
        if not findings:
            text = f"The graph says nothing of {compound.name} and {ill.name}."
            unknown = [note for one in (ill, compound) if (note := self.lacks(one))]
            return ToolResult(status="nothing_found", message=text, data={"notes": unknown} if unknown else {})
        said = (
            f"{linked or 'No'} link(s) between {compound.name} and {ill.name}; {len(findings)} finding(s) in the graph."
        )
        notes = [] if linked else [f"No link between {compound.name} and {ill.name} was found in the graph."]
        notes += [note for one in (ill, compound) if (note := self._joined(one.id) or self.lacks(one))]
        data = {"notes": notes} if notes else {}
        return ToolResult(status="found", message=said, findings=findings, data=data)

    def neighbours(self, entity: str, relation: str | None = None) -> ToolResult:
        """List the direct links of one entity in the knowledge graph, the most specific first.

        Args:
            entity: Name or id of a drug, disease, gene or anything else in the graph.
            relation: Only this relation, named as in the graph, for instance DRUGBANK::target::Compound:Gene.
        """
        match = self._store.search(entity)
        if match.entity is None:
            return self.resolve_entity(entity)
        edges = self._store.neighbours(match.entity.id, relation=relation, limit=4 * LIMIT)
        if not edges:
            which = f" by {relation}" if relation else ""
            return ToolResult(status="nothing_found", message=f"{match.entity.name} has no links{which} in the graph.")
        findings = tuple(self._path([edge]) for edge in edges)
        return ToolResult(status="found", message=f"{len(edges)} link(s) of {match.entity.name}.", findings=findings)

    def edges_of(self, source: str) -> Finding | None:
        """The finding behind a source id of the graph; None where it is no edge or path.

        Args:
            source: `head|relation|tail`, or several joined by ` ; `.
        """
        edges = [make_edge(*triple) for triple in triples_of(source)]
        return self._path(edges) if edges else None

    def entity(self, name: str, kind: Kind) -> Entity | ToolResult:
        """What a name means, or the result that says why it means nothing."""
        match = self._search(name, kind)
        return match.entity or self.resolve_entity(name, kind)

    def lacks(self, entity: Entity) -> str:
        """A sentence where the graph lacks an entity that is asked about by its name; empty otherwise."""
        if entity.id not in self._given or self._store.get(entity.id) is not None:
            return ""
        return f"The graph lacks {entity.id}; only the literature was asked, by the name {entity.name!r}."

    def _search(self, name: str, kind: Kind) -> Match:
        """What a name means, all ids of it included."""
        match = self._store.search(name, kinds=KINDS[kind])
        if match.match == "none" and (given := self._given.get(name)) and _is(name, kind):
            named = Entity(id=name, kind=name.partition("::")[0], name=given)
            return Match(query=name, match="given", entity=named)
        entity = match.entity
        also = tuple(one for one in self._store.groups.of(entity.id) if one != entity.id) if entity else ()
        if entity is None or not also:
            return match
        return match.model_copy(update={"entity": entity.model_copy(update={"also": also})})

    def _both(self, disease: str, drug: str) -> tuple[Entity, Entity] | ToolResult:
        ill, compound = self.entity(disease, "disease"), self.entity(drug, "drug")
        if isinstance(ill, ToolResult):
            return ill
        return compound if isinstance(compound, ToolResult) else (ill, compound)

    def _pair_findings(self, pair: PairEvidence, acting: Acting) -> tuple[list[Finding], list[Finding]]:
        """The edges between drug and disease, and what stands between; nothing through a target that is not its way."""
        unfit = acting.untypical | acting.opposed
        direct = [self._edge(edge) for edge in pair.direct[: 2 * LIMIT]]
        shared = sorted(pair.shared_genes, key=lambda gene: gene.first[0].relation != TARGETS)
        fitting = [gene for gene in shared if gene.first[0].tail not in unfit]
        genes = [self._path([gene.first[0], gene.second[0]]) for gene in fitting[:LIMIT]]
        paths = [path.edges for path in pair.paths if len(path.edges) == 1 or path.edges[0].tail not in unfit]
        return direct, [*genes, *map(self._path, paths[:LIMIT])]

    def _acting(self, acting: Acting) -> list[Finding]:
        """What the drug acts on, the most telling target first, then its classes, and the best link to a treatment."""
        edges = [self._edge(edge) for edge in acting.targets]
        paths = [self._path(path) for path in (acting.process, acting.alike) if path]
        return [*edges[:1], *map(self._edge, acting.classes), *edges[1:NAMED], *paths[:1], *edges[NAMED:], *paths[1:]]

    def acts_on(self, compound: Entity) -> tuple[str, ...]:
        """What the drug acts on and how, in words that articles use: families of its targets, and its classes."""
        return self._drug_targets.in_words(compound.id)

    def _profile(self, compound: Entity) -> list[Finding]:
        uses = self._store.neighbours(compound.id, kind="Disease", limit=LIMIT)
        harms = self._store.neighbours(compound.id, relation=HARMS, limit=LIMIT)
        return [self._edge(edge) for edge in (*uses, *harms)]

    def _edge(self, edge: Edge) -> Finding:
        return self._path([edge])

    def _path(self, edges: Sequence[Edge]) -> Finding:
        ends = dict.fromkeys(end for edge in edges for end in (edge.head, edge.tail))
        about = dict.fromkeys([*ends, *(one for end in ends for one in self._store.groups.of(end))])
        text = path_sentence(edges, self._name)
        return Finding(kind="graph", source_id=path_id(edges), text=text, about=tuple(about))

    def _joined(self, entity_id: str) -> str:
        """Which ids are one with this, if any are, in the words of the weigher."""
        groups = self._store.groups
        return groups.note(entity_id, self._name(groups.of(entity_id)[0]))

    def _name(self, entity_id: str) -> str:
        entity = self._store.get(entity_id)
        return entity.name if entity else entity_id


def _is(entity_id: str, kind: Kind) -> bool:
    kinds = KINDS[kind]
    return kinds is None or entity_id.partition("::")[0] in kinds


def describe(entity: Entity) -> str:
    """An entity in words: `Baricitinib (drug, Compound::DB11817)`."""
    return f"{entity.name} ({WORDS.get(entity.kind, entity.kind.lower())}, {entity.id})"


def _near(match: Match) -> str:
    """What an unknown name may mean: the parts of a combination, relatives such as a salt's drug, or similar names."""
    names = _listed(alternative.name for alternative in match.alternatives)
    if not names:
        return ""
    if any(alternative.score != KIN for alternative in match.alternatives):
        return f" Similar: {names}."
    if are_parts(match.query, [alternative.name for alternative in match.alternatives]):
        return f" It reads as a combination; of its parts the graph has: {names}. Name one of them, if it is meant."
    return f" Related: {names}. Give that name, if it is meant."


def _listed(names: Iterable[str]) -> str:
    return ", ".join(list(names)[:LIMIT])
