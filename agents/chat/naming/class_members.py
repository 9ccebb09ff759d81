"""Questions about a class of drugs, answered through members of it: those that are written of most in the disease.

Members are known by the stems of their names, by a class of the graph, or by the target that the class is called after.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from kedrec.agents.chat.intents.reading import class_named
from kedrec.agents.chat.intents.wanted import Intent
from kedrec.agents.chat.question_parser import Understanding
from kedrec.agents.offline.roles.role import USES
from kedrec.agents.offline.roles.wordings import class_in, is_member
from kedrec.agents.recommend import role_reader
from kedrec.errors import NotReady
from kedrec.graphdb.store import GraphStore
from kedrec.records import Corpora, Entity, Match
from kedrec.tools.drug_targets import CLASSES, TARGETS

if TYPE_CHECKING:
    from kedrec.agents.agent import Agent

__all__ = ["with_members"]

MOST = 4
"""Members that are looked at."""
COUNTED = 500
"""Records and edges of one member that are counted."""
SAID = "“{named}” is a class of drugs. Looked at: {names}, of which most is written{ill}; what is said is of these."
_UNKNOWN = "Which drugs are {named} is not known here: what follows is not kept to them."
_WHICH = re.compile(r"\b(?:which|what|best|better)\b", re.IGNORECASE)
_MAY = re.compile(r"\b(?:can|may|could|should|give|given|safe\w*|ok|okay|allowed|take|taken)\b", re.IGNORECASE)
"""Asks whether drugs may be given, which is a question of harm before one of use."""
_BY_TARGET = re.compile(
    r"\b(?:anti-?([A-Z][A-Za-z0-9]+)|([A-Z][A-Za-z0-9-]*\d?)[- ](?:α[- ]|alpha[- ])?(?:inhibitor|blocker|antagonist"
    r"|agonist)s?)\b"
)
"""A class that is called after its target: `TNF inhibitors`, `anti-CD20`."""


def with_members(agent: Agent, setting: Corpora, understood: Understanding) -> tuple[Understanding, tuple[str, ...]]:
    """Return a question about a class as one about members of it, and a note that says so; others as they are.

    Args:
        agent: its resources tell the members.
        setting: which corpora are used.
        understood: what was understood of a message.
    """
    ill = understood.disease.entity if understood.disease else None
    named = None if understood.drugs else class_in(understood.text) or class_named(understood.text)
    if named is None or understood.wanted.beyond:
        return understood, ()
    if any(match.query.lower() not in named.lower() for match in understood.unclear):
        return understood, ()
    if ill is None and not understood.wanted.about and understood.intent not in {"mechanism", "safety", "use"}:
        return understood, ()
    try:
        drugs = _best_known(agent, setting, _members(agent, named, understood.text), ill)
    except NotReady:
        return understood, ()
    if not drugs:
        unknown = _UNKNOWN.format(named=named) if understood.intent == "list" and ill else ""
        return understood, (unknown,) if unknown else ()
    names = ", ".join(one.name for one in drugs)
    note = SAID.format(named=named, names=names, ill=f" in {ill.name}" if ill else "")
    wanted = understood.wanted
    if wanted.intent in {"assess", "list"}:
        other: Intent = "safety" if _MAY.search(understood.text) else "use"
        if _WHICH.search(understood.text):
            other = "choose" if ill is None or _any_of_use(agent, setting, drugs, ill) else "safety"
        wanted = wanted.model_copy(update={"intent": other})
    matches = tuple(Match(query=one.name, match="exact", entity=one) for one in drugs)
    left = tuple(phrase for phrase in understood.left_out if phrase.lower() not in named.lower())
    made = {"drugs": matches, "group": named, "wanted": wanted, "left_out": left, "unclear": (), "ask_back": None}
    return understood.model_copy(update=made), (note,)


def _any_of_use(agent: Agent, setting: Corpora, drugs: Iterable[Entity], ill: Entity) -> bool:
    """Whether anything tells a use of one of the members in the disease; else they are given for something else."""
    reader, weigher = role_reader(agent.resources, setting), agent.resources.weigher()
    stated = ((one, weigher.stated(ill.id, one.id, agent.resources.hidden)) for one in drugs)
    return any(reader.role(one, ill, edges).role in USES for one, edges in stated)


def _members(agent: Agent, named: str, text: str) -> list[Entity]:
    """The drugs of a class, by the stems of names, else by a class of the graph, else by its target."""
    store = agent.resources.store
    ids = agent.resources.weigher().drugs_called(lambda name: is_member(named, name)) or [
        *_of_graph(store, named),
        *_on_target(store, text),
    ]
    found = (store.get(one) for one in dict.fromkeys(ids))
    return [one for one in found if one is not None and one.name != one.id]


def _of_graph(store: GraphStore, named: str) -> Iterator[str]:
    for name in (named, f"{named.removesuffix('s')}s"):
        group = store.search(name, kinds=("Pharmacologic Class",), limit=0).entity
        if group is not None:
            yield from (edge.tail for edge in store.neighbours(group.id, relation=CLASSES, limit=COUNTED))


def _on_target(store: GraphStore, text: str) -> Iterator[str]:
    for found in _BY_TARGET.finditer(text):
        gene = store.search(found.group(1) or found.group(2), kinds=("Gene",), limit=0).entity
        if gene is not None:
            yield from (edge.head for edge in store.neighbours(gene.id, relation=TARGETS, limit=COUNTED))


def _best_known(agent: Agent, setting: Corpora, members: Iterable[Entity], ill: Entity | None) -> list[Entity]:
    """The members that most records name with the disease; those of most edges where there is none or no record."""
    weigher, store = agent.resources.weigher(), agent.resources.store
    records = {one.id: len(weigher.meetings(ill.id, one.id, setting, COUNTED)) if ill else 0 for one in members}
    known = [one for one in members if records[one.id] or not ill]
    edges = {one.id: len(store.neighbours(one.id, limit=COUNTED)) for one in known}
    return sorted(known, key=lambda one: (-records[one.id], -edges[one.id], one.name))[:MOST]
