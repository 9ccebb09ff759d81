"""What was found and what is made of it: findings, evidence, answers, scores."""

from __future__ import annotations

from typing import Literal, get_args

from pydantic import Field

from kedrec.records.base import Record

__all__ = [
    "STANCES",
    "Answer",
    "CandidateScore",
    "Evidence",
    "Factor",
    "Finding",
    "Question",
    "Sentence",
    "SentenceKind",
    "Stance",
]

Stance = Literal["supports", "against", "unclear"]
STANCES: tuple[Stance, ...] = get_args(Stance)
"""What an answer to a domain question may say of a drug."""
SentenceKind = Literal["choice", "mechanism", "clinical", "safety", "use", "contrast", "uncertainty"]


class Finding(Record):
    """A citable thing that a tool found, before it has a key."""

    kind: Literal["graph", "article", "trial"]
    """Decides the letter of its key: K, P or T."""
    source_id: str
    """Passage id, or for the graph the path as `kedrec.records.paths` writes it: `head|relation|tail ; …`."""
    text: str
    """The whole text: what we say of the record, then the record's own."""
    head: int = 0
    """Characters at its beginning that we say of the record: title, year, phase, status."""
    about: tuple[str, ...] = ()
    """Ids of the entities it speaks of."""


class Evidence(Record):
    """A citable thing found in this very run."""

    key: str
    """`K3` graph, `P2` article, `T1` trial; written `[K3]` in text."""
    source_id: str
    """As in the finding."""
    text: str
    """What is shown and cited: of a passage, its title and the sentences that tell."""
    passage: str = ""
    """The whole passage that the sentences were taken from; empty for the graph, and in older traces."""
    spans: tuple[tuple[int, int], ...] = ()
    """Where they stand in the passage: offset of the first character, and behind the last."""
    about: tuple[str, ...] = ()
    """Ids of the entities it speaks of."""


class Question(Record):
    """A domain question put to a (disease, drug) pair."""

    key: str
    """`mechanism`, `shared_targets`, `clinical_evidence`, `safety`, `current_use`, `against`."""
    text: str
    """The question, with the names filled in."""
    disease: str
    """Disease id."""
    drug: str
    """Compound id."""


class Answer(Record):
    """The answer to a domain question."""

    question: Question
    """The question."""
    text: str
    """The answer; the abstention phrase where the evidence says nothing."""
    stance: Stance
    """Whether it speaks for the drug in this disease."""
    citations: tuple[str, ...] = ()
    """Evidence keys."""


class Sentence(Record):
    """A sentence of the rationale."""

    text: str
    """The sentence, without its citation marks."""
    citations: tuple[str, ...]
    """Evidence keys it rests on."""
    kind: SentenceKind | None = None
    """What it is about; null where the model did not say, and in older traces."""
    marks: dict[str, tuple[tuple[int, int], ...]] = Field(default_factory=dict)
    """Evidence key -> where in its text the names, numbers and symbols of the sentence stand: offset of the first
    character, and behind the last."""


class Factor(Record):
    """One group of evidence and what it adds to a candidate's score."""

    group: str
    """Name of the group: `similar drugs`, `trials`, `co-mention`, …"""
    share: float
    """What it adds to the score, in log-odds; negative where it speaks against."""
    text: str
    """The facts behind it, in words."""
    sources: tuple[str, ...] = ()
    """Document ids, or edges as `head|relation|tail`."""


class CandidateScore(Record):
    """How the evidence weighs for one candidate."""

    id: str
    """Compound id."""
    score: float
    """Log-odds-like; comparable among the candidates of one question only."""
    probability: float
    """Calibrated probability that it is the choice among these candidates."""
    factors: tuple[Factor, ...] = ()
    """Largest share first."""
    measures: dict[str, float] = Field(default_factory=dict)
    """Group of evidence -> how much of it there is, before it is weighed; empty where nothing was measured."""
