"""From what was understood of a question to an answer: which drugs are weighed, and the run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kedrec.agents.agent import Query
from kedrec.agents.chat.question_parser import Understanding
from kedrec.errors import UserError
from kedrec.records import Corpora

if TYPE_CHECKING:
    from kedrec.agents.agent import Agent

__all__ = ["query_for"]

BEST = 3
"""Drugs weighed where the question names none."""
BESIDE_ONE = 2
"""Alternatives weighed where the question names one drug."""
MOST = 10
"""Drugs of one question."""


def query_for(agent: Agent, understood: Understanding, setting: Corpora) -> tuple[Query, tuple[str, ...]]:
    """The question to put to the agent; where fewer than two drugs are named, the best-ranked ones are weighed too.

    Args:
        agent: the agent that is to answer it; its resources rank.
        understood: a question with a disease, and nothing to ask back.
        setting: which corpora are used.

    Returns:
        The query, and notes that say which drugs were added and why.

    Raises:
        UserError: where the question lacks a disease, names too many drugs, or nothing speaks for any drug in it.
    """
    if understood.disease is None or understood.disease.entity is None:
        raise UserError(understood.ask_back or "The question names no disease.")
    if len(understood.drugs) > MOST:
        raise UserError(f"The question names {len(understood.drugs)} drugs; at most {MOST} can be weighed at once.")
    named = [drug.query for drug in understood.drugs]
    added = _added(agent, understood, setting) if len(named) < 2 else []
    if not named and not added:
        raise UserError(f"Nothing speaks for any drug in {understood.disease.entity.name}. Name the drugs to weigh.")
    query = Query(
        disease=understood.disease.query,
        candidates=(*named, *(entity_id for entity_id, _ in added)),
        setting=setting,
        text=understood.text,
        left_out=understood.left_out or None,
    )
    return query, _said(understood, [name for _, name in added])


def _added(agent: Agent, understood: Understanding, setting: Corpora) -> list[tuple[str, str]]:
    """Id and name of the best-ranked drugs that the question does not name."""
    assert understood.disease is not None and understood.disease.entity is not None
    known = {drug.entity.id for drug in understood.drugs if drug.entity}
    count = BESIDE_ONE if known else BEST
    resources = agent.resources
    ranked = resources.weigher().rank(understood.disease.entity.id, setting, count + len(known), resources.hidden)
    entities = [resources.store.get(score.id) for score in ranked if score.id not in known]
    return [(entity.id, entity.name) for entity in entities if entity is not None][:count]


def _said(understood: Understanding, added: list[str]) -> tuple[str, ...]:
    if not added:
        return ()
    names = ", ".join(added)
    if understood.drugs:
        return (f"Weighed beside it, as the best-ranked others for this disease: {names}.",)
    return (f"No drug was named; weighed are the best-ranked for this disease: {names}.",)
