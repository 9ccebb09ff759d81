"""The state that the graph carries from node to node: plain data only."""

from __future__ import annotations

from typing import Any

from typing_extensions import TypedDict

from kedrec.records import Corpora

__all__ = ["RunState"]

Plain = dict[str, Any]


class RunState(TypedDict, total=False):
    """One question on its way; records are held as `model_dump(mode="json")`."""

    setting: Corpora
    """Which corpora are used."""
    asked: Plain
    """`{disease, candidates}` as given."""
    disease: Plain
    """Entity."""
    candidates: list[Plain]
    """Entities, in the order asked."""
    matches: list[Plain]
    """How each name was understood."""
    evidence: dict[str, Plain]
    """Everything found, by key."""
    found_for: dict[str, list[str]]
    """Drug id -> keys of what was gathered for it."""
    weighing: Plain | None
    """What `weigh_evidence` came back with."""
    messages: list[Plain]
    """The investigation so far, in chat form."""
    notes: list[str]
    """What was not found or missing."""
    failed: dict[str, str]
    """Tools that failed, each by its request, and how; gone when the same request succeeds."""
    answers: list[Plain]
    """Answers to the domain questions."""
    draft: str
    """The decision as the model wrote it last."""
    problems: list[str]
    """What the check found wrong with the draft."""
    passed: list[Plain]
    """Sentences of the draft that hold."""
    failures: list[Plain]
    """Sentences of the draft that failed."""
    mend: bool
    """Whether the model is to mend the draft."""
    repairs: int
    """Repairs made so far."""
    struck_out: list[str]
    """Sentences struck out, with the reason."""
    recommendation: Plain
    """The outcome."""
    error: Plain
    """`{type, message}`, where the question cannot be answered as asked."""
