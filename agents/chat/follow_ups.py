"""Follow-up questions about one side of an answer: "what about its safety?"."""

from __future__ import annotations

import re

from kedrec.agents.prompting.answer_format import QUESTION_KEYS, QUESTION_TITLES
from kedrec.records import Answer, Recommendation, Record

__all__ = ["TopicAnswer", "answer_on", "topics_in"]

_TOPICS: tuple[tuple[str, str], ...] = (
    ("safety", r"safe(?:ty|r)?\b|side[- ]effects?|adverse|harm|toxic|risks?\b|dangerous|tolerat|tolerab"),
    ("shared_targets", r"targets?\b|pathways?\b|genes?\b|proteins?\b"),
    ("mechanism", r"mechanisms?\b|how (?:does|do|would|is) (?:it|they|this|that|\w+) (?:work|act)|mode of action"),
    ("current_use", r"approved|approval|current(?:ly)? use|in use|indicat|licen[sc]ed|prescribed"),
    ("against", r"speaks? against|downsides?|drawbacks?|disadvantages?|why not|against it"),
    ("clinical_evidence", r"evidence|trials?\b|studies|study\b|clinical|efficacy|effective"),
)


class TopicAnswer(Record):
    """Answers to domain questions out of an answer that was given already."""

    title: str
    """What it is about, for people."""
    answer: Answer
    """The answer with its citations; the abstention phrase where there was no evidence."""


def topics_in(text: str) -> tuple[str, ...]:
    """Keys of the domain questions that a follow-up asks, in the order in which they are put."""
    asked = {key for key, pattern in _TOPICS if re.search(pattern, text, re.IGNORECASE)}
    return tuple(key for key in QUESTION_KEYS if key in asked)


def answer_on(recommendation: Recommendation, drug_id: str, topics: tuple[str, ...]) -> tuple[TopicAnswer, ...]:
    """What an answer holds on some domain questions about one of its drugs."""
    name = next((drug.name for drug in recommendation.candidates if drug.id == drug_id), drug_id)
    title = f"{name} in {recommendation.disease.name}"
    answers = {answer.question.key: answer for answer in recommendation.answers if answer.question.drug == drug_id}
    return tuple(
        TopicAnswer(title=f"{QUESTION_TITLES[key]}: {title}", answer=answers[key]) for key in topics if key in answers
    )
