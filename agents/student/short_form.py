"""The short form of a decision: what a small model reads of a request of the agent graph, and what it writes.

One form for training and for use. For each candidate it holds the facts that were counted and looked up, in words and
always in the same order, and how each answer to the domain questions speaks for it. It holds nothing of what the
weigher made of the facts: no share, no score, no probability, and not the order by weight.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from kedrec.agents.models.graph_request import Task
from kedrec.agents.offline.decision import roles_of
from kedrec.agents.offline.roles import Role
from kedrec.agents.offline.roles.role import ROLES
from kedrec.agents.prompting.answer_format import NO_EVIDENCE
from kedrec.records import Answer, Entity, Record
from kedrec.tools.text.untrusted_text import plain

__all__ = ["CHOICE", "FORM", "GROUNDS", "REASON", "StudentChoice", "short_request", "swapped", "written"]

FORM = 2
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


class StudentChoice(Record):
    """What a student wrote, as far as it can be read."""

    label: str
    """Label of the chosen candidate."""
    group: str | None
    """Group of evidence that is the ground of the choice; None where it named none."""


def short_request(task: Task) -> str:
    """What the student reads: the question, and what is known of each candidate."""
    lines = [f"Which drug is better for {_named(task.disease)}?"]
    for label, drug, role in zip(task.labels, task.candidates, roles_of(task), strict=True):
        lines += [f"{label}: {_named(drug)}", *_role(role), *_facts(task, drug), *_stances(task.answers, drug)]
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


def _facts(task: Task, drug: Entity) -> Iterator[str]:
    weighed = task.weighing.candidates if task.weighing else ()
    told = {factor.group: factor.text for score in weighed if score.id == drug.id for factor in score.factors}
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
