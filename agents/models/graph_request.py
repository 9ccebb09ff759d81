"""What the agent graph asks of a model that reads data instead of prose: `offline` and `local`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

from langchain_core.messages import BaseMessage, HumanMessage
from pydantic import ConfigDict, Field, ValidationError

from kedrec.errors import ModelRefused
from kedrec.records import Answer, CandidateScore, Entity, Evidence, Question, Record, triples_of
from kedrec.tools.literature_tools import mentions

__all__ = ["PAYLOAD_KEY", "Task", "read_task", "speaks_of"]

PAYLOAD_KEY = "kedrec"
"""Key of the payload in a message's `additional_kwargs`."""


class WeighedEvidence(Record):
    """What the weigher made of the evidence."""

    model_config = ConfigDict(extra="ignore")

    candidates: tuple[CandidateScore, ...] = ()
    """The candidates' scores, each with its factors."""
    notes: tuple[str, ...] = ()
    """What was missing while weighing."""
    roles: tuple[dict[str, Any], ...] = ()
    """What each candidate is to the disease, `kedrec.agents.offline.roles.Role` as data; none in older traces."""


class Task(Record):
    """One request of the agent graph, as data."""

    model_config = ConfigDict(extra="ignore")

    task: Literal["investigate", "answer", "decide", "repair"]
    """What is to be done."""
    disease: Entity
    """The disease in question."""
    candidates: tuple[Entity, ...]
    """The drugs to choose from."""
    labels: tuple[str, ...] = ()
    """One letter per candidate."""
    drug: Entity | None = None
    """The drug that the questions are about; `answer` only."""
    questions: tuple[Question, ...] = ()
    """The domain questions; `answer` only."""
    evidence: dict[str, Evidence] = Field(default_factory=dict)
    """Everything citable so far, by key."""
    answers: tuple[Answer, ...] = ()
    """Answers to the domain questions so far."""
    weighing: WeighedEvidence | None = None
    """What `weigh_evidence` came back with; null before."""
    setting: str = "both"
    """Which corpora are used."""
    least_confidence: float = 0.0
    """Below it a decision is only a leaning."""
    failures: tuple[Any, ...] = ()
    """What the check found wrong with the last draft; `repair` only."""


def read_task(messages: Sequence[BaseMessage]) -> Task:
    """The payload of the last message of the user.

    Raises:
        ModelRefused: if there is none, or one that does not fit.
    """
    last = next((message for message in reversed(messages) if isinstance(message, HumanMessage)), None)
    payload = last.additional_kwargs.get(PAYLOAD_KEY) if last is not None else None
    if not isinstance(payload, dict):
        raise ModelRefused(
            "This model has no language of its own and answers only the agent graph's requests. Use `kedrec ask`."
        )
    try:
        return Task.model_validate(payload)
    except ValidationError as error:
        raise ModelRefused(f"The agent graph's request does not fit: {error.errors()[0]}") from error


def speaks_of(evidence: Evidence, entity: Entity) -> bool:
    """Whether evidence is about an entity, by its ids or by its words."""
    ends = (end for head, _, tail in triples_of(evidence.source_id) for end in (head, tail))
    return entity.id in evidence.about or entity.id in ends or mentions(evidence.text, entity)
