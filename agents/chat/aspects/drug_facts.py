"""What the stores say of the one drug that a question is about: what it is used for, and what it is to a disease."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kedrec.agents.offline.roles.role import USES
from kedrec.agents.recommend import role_reader
from kedrec.errors import NotReady
from kedrec.graphdb.link_prediction.kernels import is_therapeutic
from kedrec.records import Corpora, Edge, Entity, Match
from kedrec.tools.text.sentence_cues import quotable

if TYPE_CHECKING:
    from kedrec.agents.agent import Agent
    from kedrec.agents.chat.question_parser import Understanding

__all__ = ["disease_of", "other_end", "role_note", "uses_of"]

MOST_USES = 30
"""Diseases looked at where none is named."""
READ = 400
"""Documents up to which those that name both are counted."""


def disease_of(agent: Agent, drug: Entity) -> Match | None:
    """Return the disease that the graph states a use of the drug in and most documents name with it; None for none.

    Args:
        agent: its resources are asked.
        drug: the drug.
    """
    best = max(uses_of(agent, drug), key=lambda ill: (_together(agent, ill, drug), ill.id), default=None)
    return Match(query=best.id, match="exact", entity=best) if best else None


def other_end(edge: Edge, drug: Entity) -> str:
    """Return the id at the other end of one of a drug's edges."""
    return edge.tail if edge.head in drug.ids else edge.head


def uses_of(agent: Agent, drug: Entity) -> list[Entity]:
    """Return diseases that the graph states a use of the drug in.

    Args:
        agent: its resources are asked.
        drug: the drug.
    """
    store = agent.resources.visible
    edges = store.neighbours(drug.id, kind="Disease", limit=400)
    ids = {other_end(edge, drug) for edge in edges if is_therapeutic(edge.relation)}
    return [entity for one in sorted(ids)[:MOST_USES] if (entity := store.get(one)) is not None]


def _together(agent: Agent, ill: Entity, drug: Entity) -> int:
    try:
        return len(agent.resources.weigher().meetings(ill.id, drug.id, "both", READ))
    except NotReady:
        return 0


def role_note(agent: Agent, understood: Understanding, setting: Corpora) -> tuple[str, ...]:
    """Say what the drug is to the disease where it is no treatment, or where the question is whether it causes it.

    Args:
        agent: its resources are asked.
        understood: a question with one drug and a disease.
        setting: which corpora are used.
    """
    drug, ill = understood.drugs[0].entity, understood.disease.entity if understood.disease else None
    if drug is None or ill is None:
        return ()
    try:
        role = role_reader(agent.resources, setting).role(
            drug, ill, agent.resources.weigher().stated(ill.id, drug.id, agent.resources.hidden)
        )
    except NotReady:
        return ()
    if role.is_harmful:
        first = role.sources[0]
        others = ", ".join(dict.fromkeys(one.source_id for one in role.sources[1:] if one.source_id != first.source_id))
        more = f"; also {others}" if others else ""
        whose = f"of its class ({first.member}), " if first.member else ""
        said = f"By what was found of {ill.name}, {drug.name} {role.words}: {whose}"
        return (f"{said}“{quotable(first.sentence)}” ({first.source_id}{more}).",)
    if understood.intent != "causes":
        return ()
    used = "tells of its use in it" + (", and of harm from it as well" if role.against else " instead")
    found = used if role.role in USES else "does not say with enough weight"
    return (f"Whether {drug.name} causes or worsens {ill.name}: what was found {found}.",)
