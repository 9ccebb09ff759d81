"""The domain questions that are put for each pair of disease and drug: one row here and one prompt for each.

The prompt of a question is `agents/prompts/questions/KEY.md`. The offline model answers those that
`agents/offline/domain_answers.py` has a rule for, and says of any other that no evidence was found.
"""

from __future__ import annotations

from typing import Final, NamedTuple

__all__ = ["DOMAIN_QUESTIONS", "QUESTION_KEYS", "QUESTION_TITLES", "DomainQuestion"]


class DomainQuestion(NamedTuple):
    """A question that every model answers for each drug."""

    key: str
    """Its name in prompts, answers and traces."""
    title: str
    """Its title for people."""
    asked: str
    """Pattern of a follow-up in a chat that asks for its answer."""


DOMAIN_QUESTIONS: Final = (
    DomainQuestion(
        "mechanism",
        "How it works",
        r"mechanisms?\b|how (?:does|do|would|is) (?:it|they|this|that|\w+) (?:work|act)|mode of action"
        r"|how (?:it|they|this|that) (?:works?|acts?)",
    ),
    DomainQuestion("shared_targets", "Shared targets and pathways", r"targets?\b|pathways?\b|genes?\b|proteins?\b"),
    DomainQuestion(
        "clinical_evidence",
        "Clinical evidence",
        r"evidence|trials?\b|studies|study\b|clinical|efficacy|effective|helps?\b|useful|benefit",
    ),
    DomainQuestion(
        "safety",
        "Safety",
        r"safe(?:ty|r)?\b|side[- ]effects?|adverse|harm|toxic|risks?\b|dangerous|tolerat|tolerab",
    ),
    DomainQuestion(
        "current_use", "Current use", r"approved|approval|current(?:ly)? use|in use|indicat|licen[sc]ed|prescribed"
    ),
    DomainQuestion(
        "against",
        "What speaks against it",
        r"speaks? against|downsides?|drawbacks?|disadvantages?|why not|against it|cons\b",
    ),
)
"""In the order in which they are put."""

QUESTION_KEYS: Final = tuple(question.key for question in DOMAIN_QUESTIONS)
"""Their keys."""

QUESTION_TITLES: Final = {question.key: question.title for question in DOMAIN_QUESTIONS}
"""Their titles."""
