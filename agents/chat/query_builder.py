"""From what was understood of a question to an answer: which drugs are weighed, and the run."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from kedrec.agents.agent import Query
from kedrec.agents.chat.aspects.drug_facts import disease_of, role_note
from kedrec.agents.chat.intents.wanted import ABOUT_ONE
from kedrec.agents.chat.question_parser import Understanding
from kedrec.agents.recommend import best_treatments
from kedrec.errors import UserError
from kedrec.graphdb.names.other_names import is_own_name
from kedrec.records import Corpora, Match

if TYPE_CHECKING:
    from kedrec.agents.agent import Agent
    from kedrec.graphdb.store import GraphStore

__all__ = ["query_for", "without_failed"]

_FAILED = re.compile(
    r"\b(?:fail(?:s|ed|ing|ure of)?|no longer|stopped (?:working|helping)|not tolerated?|intoleran\w+|allerg\w+"
    r"|(?:did|does|do)(?: not|n['’]?t) (?:work|help|respond|tolerate|suit|control)|not respond\w*|(?:badly|poorly) on"
    r"|what else|(?:refractory|resistant) to|can(?: ?not|['’]?t) (?:have|take|tolerate|use|be))\b",
    re.IGNORECASE,
)
"""Says that a drug was tried, or is not to be given."""
BEST = 3
"""Drugs weighed where the question names none."""
BESIDE_ONE = 2
"""Alternatives weighed where the question names one drug."""
MEMBER = "§"
"""Stands for the name of a drug of a class."""
MOST = 10
"""Drugs of one question."""


def query_for(agent: Agent, understood: Understanding, setting: Corpora) -> tuple[Query, tuple[str, ...]]:
    """The question to put to the agent; one drug that is asked about is weighed alone.

    Where no drug is named, or the question is what is better than the one named, the best-ranked are weighed. Where a
    question about one drug names no disease, the one is taken that the graph says it is used for.

    Args:
        agent: the agent that is to answer it; its resources rank.
        understood: a question with nothing to ask back.
        setting: which corpora are used.

    Returns:
        The query, and notes that say what was added and why, and what the drug is to the disease where that is asked.

    Raises:
        UserError: where the question lacks a disease, names too many drugs, or nothing speaks for any drug in it.
    """
    understood, taken = _with_disease(agent, understood)
    if understood.disease is None or understood.disease.entity is None:
        unused = "".join(f" The graph states no use of {drug.query}." for drug in understood.drugs[:1])
        raise UserError(understood.ask_back or f"For which disease?{unused} Name the disease that you mean.")
    if len(understood.drugs) > MOST:
        raise UserError(f"The question names {len(understood.drugs)} drugs; at most {MOST} can be weighed at once.")
    store = agent.resources.store
    named = [_asked_by(drug, store) for drug in understood.drugs]
    alone = len(named) == 1 and understood.intent in ABOUT_ONE
    added = _added(agent, understood, setting) if len(named) < 2 and not alone else []
    if not named and not added:
        raise UserError(f"Nothing speaks for any drug in {understood.disease.entity.name}. Name the drugs to weigh.")
    query = Query(
        disease=_asked_by(understood.disease, store),
        candidates=(*named, *(entity_id for entity_id, _ in added)),
        setting=setting,
        text=understood.text,
        left_out=understood.left_out or None,
    )
    roles = role_note(agent, understood, setting) if alone and not taken else ()
    roles = _of_members(agent, understood, setting) if understood.group else roles
    return query, (*taken, *_said(understood, [name for _, name in added]), *roles)


def _of_members(agent: Agent, understood: Understanding, setting: Corpora) -> tuple[str, ...]:
    """Return what the members of a class are to the disease; members of which the same is told share a note."""
    told: dict[str, list[str]] = {}
    for drug in understood.drugs:
        name = drug.entity.name if drug.entity else drug.query
        for note in role_note(agent, understood.model_copy(update={"drugs": (drug,)}), setting):
            told.setdefault(note.replace(name, MEMBER), []).append(name)
    return tuple(note.replace(MEMBER, _each(names), 1).replace(MEMBER, "it") for note, names in told.items())


def _each(names: list[str]) -> str:
    return f"each of {', '.join(names[:-1])} and {names[-1]}" if len(names) > 1 else names[0]


def without_failed(understood: Understanding) -> Understanding:
    """Return a question of what to give where one drug failed with that drug set aside, and any other as it is.

    Args:
        understood: a question with nothing to ask back.
    """
    failed = understood.intent == "choose" and len(understood.drugs) == 1 and understood.disease is not None
    if not failed or not _FAILED.search(understood.text):
        return understood
    wanted = understood.wanted.model_copy(update={"intent": "list"})
    gone = (*understood.without, *understood.drugs)
    return understood.model_copy(update={"drugs": (), "without": gone, "wanted": wanted})


def _asked_by(match: Match, store: GraphStore) -> str:
    """The name as written; the id where the graph has the entity under another name alone, or others under this one."""
    if match.entity is None:
        return match.query
    alone = store.search(match.query, kinds=(match.entity.kind,), limit=0).entity is not None
    return match.query if is_own_name(match) and alone else match.entity.id


def _with_disease(agent: Agent, understood: Understanding) -> tuple[Understanding, tuple[str, ...]]:
    """A question about one drug with the disease that it is used for, where it names none, and a note of that."""
    if understood.disease is not None or len(understood.drugs) != 1 or understood.intent not in ABOUT_ONE:
        return understood, ()
    drug = understood.drugs[0].entity
    found = disease_of(agent, drug) if drug else None
    if drug is None or found is None or found.entity is None:
        return understood, ()
    note = (
        f"No disease was named; {drug.name} is looked at in {found.entity.name}, which the graph states it is used for."
    )
    return understood.model_copy(update={"disease": found}), (note,)


def _added(agent: Agent, understood: Understanding, setting: Corpora) -> list[tuple[str, str]]:
    """Id and name of the best-ranked drugs that the question does not name."""
    assert understood.disease is not None and understood.disease.entity is not None
    known = {drug.entity.id for drug in (*understood.drugs, *understood.without) if drug.entity}
    count = BESIDE_ONE if understood.drugs else BEST
    ranked = best_treatments(agent.resources, understood.disease.entity, setting, count + len(known))
    return [(drug.id, drug.name) for drug in ranked if drug.id not in known][:count]


def _said(understood: Understanding, added: list[str]) -> tuple[str, ...]:
    if not added:
        return ()
    names = ", ".join(added)
    if understood.without and not understood.drugs:
        gone = ", ".join(drug.entity.name for drug in understood.without if drug.entity)
        return (f"Without {gone}; weighed are the best-ranked others for this disease: {names}.",)
    if understood.drugs:
        return (f"Weighed beside it, as the best-ranked others for this disease: {names}.",)
    return (f"No drug was named; weighed are the best-ranked for this disease: {names}.",)
