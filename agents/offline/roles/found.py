"""The role of a drug as far as the evidence of one question tells it, and what is no drug at all."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from kedrec.agents.models.graph_request import Task
from kedrec.agents.offline.roles.role import EDGE, STATED, Role, RoleSource, decide
from kedrec.agents.prompting.citation_check import bare
from kedrec.graphdb.link_prediction.kernels import is_therapeutic
from kedrec.graphdb.store import GraphStore
from kedrec.records import Entity, Evidence, triples_of
from kedrec.tools.text.role_sentences import LEFT_OUT_SAID, claims_of

__all__ = ["by_keys", "is_no_drug", "role_in", "roles_of"]

_SYMBOL = re.compile(r"[A-Z][A-Z0-9]{2,9}")


def roles_of(task: Task, drugs: Sequence[Entity] | None = None) -> list[Role]:
    """Return what drugs are to the disease: as it was read while weighing, else by the evidence at hand.

    Args:
        task: the request.
        drugs: those in question; all candidates by default.
    """
    read = task.weighing.roles if task.weighing else ()
    whole = len(read) == len(task.candidates)
    known = {drug.id: role for drug, role in zip(task.candidates, read, strict=True)} if whole else {}
    evidence = task.evidence.values()
    return [
        by_keys(Role.model_validate(known[drug.id]), evidence)
        if drug.id in known
        else role_in(evidence, drug, task.disease)
        for drug in (task.candidates if drugs is None else drugs)
    ]


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


def by_keys(role: Role, evidence: Iterable[Evidence]) -> Role:
    """Return a role with evidence keys in place of document ids and edges; what is not in the evidence is left out.

    Args:
        role: as it was read.
        evidence: what was found; a sentence that is not in what it shows is not quoted.
    """
    evidence = list(evidence)
    keys = {source: item.key for item in evidence for source in (item.source_id.partition("#")[0], item.source_id)}
    texts = {item.key: bare(item.text) for item in evidence}
    cited = [one.model_copy(update={"source_id": keys[one.source_id]}) for one in role.sources if one.source_id in keys]
    shown = (one if _is_shown(one, texts[one.source_id]) else one.model_copy(update={"sentence": ""}) for one in cited)
    return role.model_copy(update={"sources": tuple(sorted(shown, key=lambda one: not one.sentence))})


def _is_shown(source: RoleSource, text: str) -> bool:
    """Whether the sentence of a source stands in what is shown of it; what the graph states is in our words."""
    return source.source_id.startswith("K") or bare(source.sentence.removeprefix(LEFT_OUT_SAID)) in text


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
