"""Follow-up questions that the last answer already covers: one domain question, the reasons, or a source."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from pydantic import computed_field

from kedrec.agents.prompting.answer_format import NO_EVIDENCE
from kedrec.agents.prompting.domain_questions import DOMAIN_QUESTIONS, QUESTION_KEYS, QUESTION_TITLES
from kedrec.records import Answer, Evidence, Question, Recommendation, Record

__all__ = ["TopicAnswer", "answer_on", "reasons", "said_missing", "sources", "telling", "told_overall", "topics_in"]


class TopicAnswer(Record):
    """Answers to domain questions out of an answer that was given already."""

    title: str
    """Title for people; empty if it continues the one before."""
    answer: Answer
    """The answer with its citations; the abstention phrase where there was no evidence."""

    @computed_field  # type: ignore[prop-decorator]
    @property
    def heading(self) -> str:
        """Its title, and for a domain question the stance of the answer."""
        return f"{self.title} ({self.answer.stance})" if self.answer.question.key in QUESTION_KEYS else self.title


def topics_in(text: str) -> tuple[str, ...]:
    """Keys of the domain questions that a follow-up asks, in the order in which they are put."""
    return tuple(question.key for question in DOMAIN_QUESTIONS if re.search(question.asked, text, re.IGNORECASE))


def answer_on(recommendation: Recommendation, drug_id: str, topics: tuple[str, ...]) -> tuple[TopicAnswer, ...]:
    """What an answer holds on some domain questions about one of its drugs."""
    name = next((drug.name for drug in recommendation.candidates if drug.id == drug_id), drug_id)
    title = f"{name} in {recommendation.disease.name}"
    answers = {answer.question.key: answer for answer in recommendation.answers if answer.question.drug == drug_id}
    return tuple(
        TopicAnswer(title=f"{QUESTION_TITLES[key]}: {title}", answer=answers[key]) for key in topics if key in answers
    )


def telling(answers: tuple[TopicAnswer, ...]) -> tuple[TopicAnswer, ...]:
    """The answers with citations; the first one if none has any."""
    return tuple(one for one in answers if one.answer.citations) or answers[:1]


def told_overall(made: Recommendation) -> tuple[str, ...]:
    """The choice on all evidence, in one sentence, added to an answer about one part of it."""
    if made.choice is None:
        return ()
    return (f"On all evidence together {made.name_of(made.choice)} came first, {made.sure}; ask “why?”.",)


def reasons(recommendation: Recommendation, *, plain: bool) -> tuple[TopicAnswer, ...]:
    """Why an answer is as it is: its rationale with its citations, or what it comes to in plain words.

    Args:
        recommendation: the answer.
        plain: whether in plain words.
    """
    names = {drug.id: drug.name for drug in recommendation.candidates}
    chosen = recommendation.choice
    others = " or ".join(name for drug, name in names.items() if drug != chosen)
    title = f"Why {names[chosen]}" if chosen else "Why there is no choice"
    title = f"What was found of {next(iter(names.values()))}" if len(names) == 1 else title
    head = f"{title} in {recommendation.disease.name}"
    if plain or not recommendation.sentences:
        opening = _opening(recommendation, names, others)
        first = TopicAnswer(title=head, answer=_answer("explain", opening, ()))
        return (first, *(_in_plain_words(recommendation, drug, name) for drug, name in names.items()))
    told = [(one.text, one.citations) for one in recommendation.sentences]
    return tuple(
        TopicAnswer(title="" if at else head, answer=_answer("explain", text, keys))
        for at, (text, keys) in enumerate(told)
    )


def _opening(recommendation: Recommendation, names: Mapping[str, str], others: str) -> str:
    ill = recommendation.disease.name
    if recommendation.choice is None:
        settled = recommendation.leaning is None
        return f"{'There is no choice' if settled else 'What was found does not settle it'}: {recommendation.abstained}"
    sure = f"Of 100 answers given with this confidence, about {100 * recommendation.confidence:.0f} should be right."
    if not others:
        return f"What was found speaks for {names[recommendation.choice]} in {ill}. {sure}"
    return f"What was found speaks more for {names[recommendation.choice]} than for {others} in {ill}. {sure}"


_PLAIN: dict[tuple[str, str], str] = {
    ("current_use", "supports"): "It is in use for this disease.",
    ("clinical_evidence", "supports"): "Studies in patients speak for it.",
    ("clinical_evidence", "against"): "Studies in patients speak against it.",
    ("clinical_evidence", "unclear"): "There are studies in patients, and they do not settle whether it helps.",
    ("mechanism", "supports"): "What it does in the body fits what goes wrong in the disease.",
    ("mechanism", "unclear"): "What it does in the body is known, but not how that bears on the disease.",
    ("safety", "supports"): "It is said to be tolerated well.",
    ("safety", "against"): "Harm from it is reported.",
    ("safety", "unclear"): "Something is said of its side effects that goes neither way.",
    ("against", "against"): "Some findings speak against it.",
}
"""Domain question and which way its answer speaks -> what that comes to."""


def _in_plain_words(recommendation: Recommendation, drug: str, name: str) -> TopicAnswer:
    own = {one.question.key: one for one in recommendation.answers if one.question.drug == drug}
    refused = recommendation.favoured is None
    said = [(text, own[key]) for (key, stance), text in _PLAIN.items() if key in own and own[key].stance == stance
            and not (refused and stance == "supports" and key in ("mechanism", "current_use"))]  # fmt: skip
    said = [(text, one) for text, one in said if one.text != NO_EVIDENCE]
    keys = tuple(dict.fromkeys(key for _, one in said for key in one.citations))
    text = " ".join(text for text, _ in said) or NO_EVIDENCE
    return TopicAnswer(title=name, answer=_answer("explain", text, keys, drug, recommendation.disease.id))


def sources(keys: Sequence[str], evidence: Mapping[str, Evidence]) -> tuple[TopicAnswer, ...]:
    """What stands behind evidence keys: the whole passage, or the edge.

    Args:
        keys: the keys that are asked for.
        evidence: what was found.
    """
    return tuple(_source(evidence[key]) for key in keys if key in evidence)


def said_missing(keys: Sequence[str], evidence: Mapping[str, Evidence]) -> str:
    """Say which of the keys asked for are none of the last answer, and which it has; empty where all are there."""
    missing = [key for key in keys if key not in evidence]
    most = {letter: max((int(key[1:]) for key in evidence if key[0] == letter), default=0) for letter in "KPT"}
    held = ", ".join(f"{letter}1 to {letter}{count}" for letter, count in most.items() if count)
    return f"There is no {' or '.join(missing)} in the last answer; it holds {held}." if missing else ""


def _source(entry: Evidence) -> TopicAnswer:
    text = entry.passage or entry.text
    return TopicAnswer(title=f"{entry.key}: {entry.source_id}", answer=_answer("citation", text, (entry.key,)))


def _answer(key: str, text: str, citations: Sequence[str], drug: str = "", disease: str = "") -> Answer:
    question = Question(key=key, text="", disease=disease, drug=drug)
    return Answer(question=question, text=text, stance="unclear", citations=tuple(citations))
