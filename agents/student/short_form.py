"""The short form of a decision: what a small model reads of a request of the agent graph, and what it writes.

One form for training and for use. For each candidate it holds the facts that were counted and looked up, in words and
always in the same order, how much evidence of each kind there is in ten levels, and how each answer to the domain
questions speaks for it. It holds nothing of what the weigher made of these: no share, no score, no probability, and not
the order by weight.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping

from kedrec.agents.models.graph_request import Task
from kedrec.agents.offline.roles import Role, roles_of
from kedrec.agents.offline.roles.role import ROLES
from kedrec.agents.prompting.answer_format import NO_EVIDENCE
from kedrec.records import Answer, Entity, Factor
from kedrec.tools.text.untrusted_text import plain

__all__ = ["CHOICE", "FORM", "GROUNDS", "REASON", "short_request", "swapped", "written"]

FORM = 3
"""Version of the form: a student reads the one that it was taught."""

CHOICE = "CHOICE:"
"""Before the label."""
REASON = "REASON:"
"""Before the ground of the choice."""

GROUNDS = {
    "direct edge": "listed use",
    "similar drugs": "similar drugs",
    "similar diseases": "similar diseases",
    "drug in the graph": "other uses",
    "graph": "graph links",
    "trials": "trials",
    "articles": "articles",
    "claims in trials": "trial claims",
    "claims in articles": "article claims",
    "writing in trials": "trial writing",
    "writing in articles": "article writing",
    "class in trials": "class trials",
    "class in articles": "class articles",
    "role": "known role",
}
"""Group of evidence -> what the student writes for it as the ground of its choice."""

_FACTS = {
    "direct edge": "graph",
    "articles": "articles",
    "claims in articles": "article sentences",
    "trials": "trials",
    "claims in trials": "trial sentences",
    "similar drugs": "drugs like it that treat this",
    "class in articles": "articles name this with drugs like it",
    "class in trials": "trials name this with drugs like it",
    "similar diseases": "treats diseases like this",
    "drug in the graph": "other uses",
}
"""Group of evidence -> heading of its line; the order of the lines. Groups whose text tells no fact are left out."""
_LEVELS = {
    "similar drugs": ("drugs", (0.001, 0.004, 0.008, 0.013, 0.021, 0.028, 0.039, 0.061, 0.096)),
    "similar diseases": ("diseases", (0.001, 0.003, 0.006, 0.031, 0.066, 0.115, 0.181, 0.259, 0.407)),
    "articles": ("articles", (0.156, 0.875, 1.428, 1.955, 2.48, 2.993, 3.411, 3.868, 4.496)),
    "writing in articles": ("article writing", (0.176, 0.243, 0.307, 0.383, 0.467, 0.563, 0.66, 0.758, 0.854)),
    "class in articles": ("article class", (0.036, 0.065, 0.092, 0.121, 0.154, 0.192, 0.262, 0.369, 0.658)),
    "trials": ("trials", (-0.033, 0.766, 1.344, 1.694, 2.13, 2.568, 2.99, 3.464, 4.12)),
    "writing in trials": ("trial writing", (0.148, 0.216, 0.298, 0.375, 0.46, 0.559, 0.634, 0.748, 0.834)),
    "class in trials": ("trial class", (0.027, 0.05, 0.067, 0.087, 0.109, 0.144, 0.189, 0.278, 0.492)),
}
"""Group of evidence -> what its measure is called, and where its levels 1 to 9 begin (tenths of the training pairs)."""
_ASKED = ("mechanism", "clinical_evidence", "safety", "current_use", "against")
"""Domain questions whose answers are told; `shared_targets` repeats what `mechanism` says."""
_NAME = 60
_CITED = re.compile(r"; cited: .*$")
_SHORTER = (
    (re.compile(r"^no .*$"), "none"),
    (re.compile(r"^.+ treats no disease similar to .+ in the graph$"), "none"),
    (re.compile(r"^drugs similar to .+ treats? .+ in the graph: "), ""),
    (re.compile(r"^.+ treats diseases similar to .+ in the graph: "), ""),
    (re.compile(r"^the (?:articles|trials) name no similar drug .*$"), "none"),
    (re.compile(r"^the (?:articles|trials) name .+ together with drugs similar to .+?: "), ""),
    (re.compile(r"^the graph has .+ as a treatment of (\d+) other diseases?$"), r"\1"),
    (re.compile(r"^(\d+) (articles?|trials?) names? both .*?(, \d+ of them|$)"), r"\1\3"),
    (re.compile(r"^(\d+) sentences? of the (articles|trials) names? both .*?(: \d|$)"), r"\1\3"),
    (re.compile(r" of them in the title or opening"), " in titles"),
    (re.compile(r" with words of "), " "),
)
"""Phrases of the facts -> the same in fewer tokens."""


def short_request(task: Task) -> str:
    """What the student reads: the question, and what is known of each candidate."""
    lines = [f"Which drug is better for {_named(task.disease)}?"]
    for label, drug, role in zip(task.labels, task.candidates, roles_of(task), strict=True):
        lines += [f"{label}: {_named(drug)}", *_role(role), *_weighed(task, drug)]
        lines += _stances(task.answers, drug)
    return "\n".join(lines)


def swapped(task: Task) -> Task:
    """The same request with the candidates in the opposite order."""
    return task.model_copy(update={"candidates": tuple(reversed(task.candidates))})


def written(label: str, group: str | None) -> str:
    """What the student is to write."""
    return f"{CHOICE} {label}" + (f"\n{REASON} {GROUNDS[group]}" if group else "")


def _named(entity: Entity) -> str:
    return plain(entity.name, _NAME)


def _role(role: Role) -> Iterator[str]:
    """What the drug is to the disease, and how many records say so and say the opposite."""
    if role.role != "unknown":
        yield f"role: {ROLES[role.role]}, {role.support:.0f} for, {role.against:.0f} against"


def _weighed(task: Task, drug: Entity) -> Iterator[str]:
    """What the weigher found of the drug."""
    for score in task.weighing.candidates if task.weighing else ():
        if score.id == drug.id:
            yield from _levels(score.measures)
            yield from _facts(score.factors)


def _levels(found: Mapping[str, float]) -> Iterator[str]:
    """How much evidence of each kind there is, in ten levels."""
    told = [f"{name} {bisect_right(cuts, found[group])}" for group, (name, cuts) in _LEVELS.items() if group in found]
    if told:
        yield f"levels: {', '.join(told)}"


def _facts(factors: Iterable[Factor]) -> Iterator[str]:
    told = {factor.group: factor.text for factor in factors}
    for group, heading in _FACTS.items():
        if group in told:
            yield f"{heading}: {_short(told[group])}"


def _short(text: str) -> str:
    text = _CITED.sub("", text)
    for pattern, instead in _SHORTER:
        text = pattern.sub(instead, text)
    return plain(text, 240)


def _stances(answers: Iterable[Answer], drug: Entity) -> Iterator[str]:
    """Which domain questions were answered, and how each answer speaks for the drug."""
    told = [
        f"{answer.question.key} {answer.stance}"
        for answer in answers
        if answer.question.drug == drug.id and answer.question.key in _ASKED and answer.text != NO_EVIDENCE
    ]
    if told:
        yield f"answers: {', '.join(told)}"
