"""The decision of the student in the graph's own form: its choice and its ground, and what was found under each.

The student writes which candidate and on what ground. The sentences are those that the evidence holds: targets and
paths of the graph, and quotations of articles and trials, put together by the same rule as the teacher's. The student's
own words are few, and none of them can name a drug, a number or a source that was not found.
"""

from __future__ import annotations

from collections.abc import Sequence

from kedrec.agents.models.graph_request import Task
from kedrec.agents.offline.decision import choice_text
from kedrec.agents.offline.roles import Role
from kedrec.agents.student.short_form import GROUNDS
from kedrec.records import CandidateScore, Factor

__all__ = ["decision_text", "grounds"]


def grounds(task: Task) -> list[list[str]]:
    """For each candidate, the groups of evidence that its ground may be, as they were looked up."""
    found = {
        score.id: [factor.group for factor in score.factors if factor.group in GROUNDS] for score in _weighed(task)
    }
    return [found.get(drug.id, []) for drug in task.candidates]


def decision_text(task: Task, probabilities: Sequence[float], group: str | None, roles: Sequence[Role]) -> str:
    """Choice, confidence and rationale in the line format.

    Args:
        task: the request.
        probabilities: of each candidate.
        group: the ground that the student gave.
        roles: what each candidate is to the disease.
    """
    best = max(range(len(probabilities)), key=lambda place: (probabilities[place], -place))
    scores = [
        _score(task, place, probabilities[place], group if place == best else None) for place in range(len(roles))
    ]
    return choice_text(task, scores, best, roles)


def _weighed(task: Task) -> Sequence[CandidateScore]:
    return task.weighing.candidates if task.weighing else ()


def _score(task: Task, place: int, probability: float, group: str | None) -> CandidateScore:
    """The student's own probability, and its ground as the only factor."""
    drug = task.candidates[place]
    known = (factor for score in _weighed(task) if score.id == drug.id for factor in score.factors)
    factors = tuple(
        Factor(group=factor.group, share=1.0, text=factor.text, sources=factor.sources)
        for factor in known
        if factor.group == group
    )
    return CandidateScore(id=drug.id, score=probability, probability=probability, factors=factors)
