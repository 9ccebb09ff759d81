"""What the graph lists of one drug whatever the disease: what it is used for, its side effects, what it acts on."""

from __future__ import annotations

from collections.abc import Sequence

from kedrec.agents.chat.aspects.drug_facts import other_end
from kedrec.agents.chat.aspects.new_evidence import NewEvidence
from kedrec.agents.chat.from_last_answer import TopicAnswer
from kedrec.agents.chat.intents.wanted import Intent
from kedrec.graphdb.link_prediction.kernels import is_therapeutic
from kedrec.graphdb.store import GraphStore
from kedrec.records import Answer, Edge, Entity, Question, edge_source
from kedrec.tools.drug_targets import TARGETS
from kedrec.tools.graph_tools import HARMS

__all__ = ["LISTED", "listed"]

LISTED: tuple[Intent, ...] = ("use", "safety", "mechanism")
"""Intents that a list of the graph answers where no disease is named."""
SHOWN = 10
"""Uses, side effects and targets that are named."""
MOST = 500
"""Edges of one drug that are looked at."""
RARER, MAIN = "Disease::MESH:C", "Disease::MESH:D"
"""Ids of MeSH's supplementary records and of its descriptors: `prostate cancer, familial` is a name of the latter's."""


def listed(
    new_evidence: NewEvidence, drug: Entity, intent: Intent, disease: Entity | None = None
) -> TopicAnswer | None:
    """Return what the graph lists of a drug that a question asks for, with its edges; None where it lists nothing.

    Args:
        new_evidence: where is looked, and the keys of evidence.
        drug: the drug.
        intent: `use`, `safety` or `mechanism`.
        disease: of the uses, the one to name first.
    """
    if intent == "use":
        return _uses(new_evidence, drug, disease)
    return _side_effects(new_evidence, drug) if intent == "safety" else _targets(new_evidence, drug)


def _uses(new_evidence: NewEvidence, drug: Entity, disease: Entity | None) -> TopicAnswer | None:
    first = disease.ids if disease else frozenset[str]()
    edges = [one for one in _edges(new_evidence, drug, kind="Disease")[::-1] if is_therapeutic(one.relation)]
    edges = sorted(edges, key=lambda edge: other_end(edge, drug) not in first)
    return _told(
        new_evidence, drug, edges, f"What {drug.name} is used for", "The graph lists it as a treatment of these:"
    )


def _side_effects(new_evidence: NewEvidence, drug: Entity) -> TopicAnswer | None:
    """The side effects that the fewest other drugs have come first: those that all drugs have tell nothing."""
    edges = [one for one in _edges(new_evidence, drug, relation=HARMS) if not is_therapeutic(one.relation)]
    told = f"Side effects listed of {drug.name}"
    return _told(new_evidence, drug, edges, told, "The graph lists, the least common of all drugs first:")


def _targets(new_evidence: NewEvidence, drug: Entity) -> TopicAnswer | None:
    edges = _edges(new_evidence, drug, relation=TARGETS)
    return _told(new_evidence, drug, edges, f"What {drug.name} acts on", "The graph lists as its targets:")


def _edges(
    new_evidence: NewEvidence, drug: Entity, *, kind: str | None = None, relation: str | None = None
) -> list[Edge]:
    return new_evidence.agent.resources.visible.neighbours(drug.id, kind=kind, relation=relation, limit=MOST)


def _told(
    new_evidence: NewEvidence, drug: Entity, edges: Sequence[Edge], title: str, opening: str
) -> TopicAnswer | None:
    """The names at the other ends of edges, each with its edge, and how many more there are."""
    resources = new_evidence.agent.resources
    tools, entries = resources.toolbox("none").graph, dict[str, str]()
    others = list(dict.fromkeys(other_end(one, drug) for one in edges))
    entities = [entity for one in others if (entity := resources.store.get(one)) and entity.name != one]
    names_of = {entity.id: _main_name(resources.store, entity) for entity in entities}
    for entity in entities:
        name = names_of[entity.id].lower()
        edge = next(one for one in edges if other_end(one, drug) in {entity.id, *entity.ids})
        finding = tools.edges_of(edge_source(edge.head, edge.relation, edge.tail))
        if name not in entries and finding is not None and len(entries) < SHOWN:
            entries[name] = new_evidence.enter(finding, finding.text)
    if not entries:
        return None
    shown = {name.lower(): name for name in reversed(names_of.values())}
    more = len(shown) - len(entries)
    names = "; ".join(shown[name] for name in entries)
    text = f"{opening} {names}{f'; and {more} more' if more else ''}."
    question = Question(key="listed", text=f"What does the graph list: {title}?", disease="", drug=drug.id)
    answer = Answer(question=question, text=text, stance="unclear", citations=tuple(entries.values()))
    return TopicAnswer(title=title, answer=answer)


def _main_name(store: GraphStore, entity: Entity) -> str:
    """The name of an illness; that of the main one where its own, of a rarer record, is only another name of that."""
    if not entity.id.startswith(RARER):
        return entity.name
    same = store.search(entity.name, kinds=(entity.kind,), limit=SHOWN).alternatives
    return next((one.name for one in same if one.id.startswith(MAIN)), entity.name)
