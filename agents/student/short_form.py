"""The short form of a decision: what a small model reads of a request of the agent graph, and what it writes.

One form for training and for use. For each candidate it holds the facts that were counted and looked up, in words and
always in the same order, and the beginning of each answer to the domain questions. It holds nothing of what the
weigher made of the facts: no share, no score, no probability, and not the order by weight. Two such rows, the
candidates exchanged in the second, take about 800 tokens of SmolLM2's.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from kedrec.agents.models.graph_request import Task
from kedrec.agents.prompting.answer_format import NO_EVIDENCE
from kedrec.records import Answer, Entity, Record
from kedrec.tools.text.untrusted_text import plain

__all__ = ["CHOICE", "GROUNDS", "REASON", "Written", "short_request", "swapped", "written"]

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
}
"""Group of evidence -> what the student writes for it as the ground of its choice."""

_FACTS = {
    "direct edge": "graph",
    "articles": "articles",
    "claims in articles": "article sentences",
    "class in articles": "articles with drugs like it",
    "trials": "trials",
    "claims in trials": "trial sentences",
    "class in trials": "trials with drugs like it",
    "similar drugs": "drugs like it that treat this",
    "similar diseases": "treats diseases like this",
    "drug in the graph": "other uses",
}
"""Group of evidence -> heading of its line; the order of the lines. Groups whose text tells no fact are left out."""
_QUOTED = {"mechanism": 14, "clinical_evidence": 22, "safety": 12, "current_use": 6, "against": 14}
"""Domain question -> words of its answer that are shown."""
_NAME = 60
_CITED = re.compile(r"; cited: .*$")
_SHORTER = (
    (re.compile(r"^no (document|sentence) of the (articles|trials) names both.*$"), "none"),
    (re.compile(r"^the (articles|trials) name no similar drug that treats THIS together with it$"), "none"),
    (re.compile(r"^no drug similar to IT treats THIS.*$"), "none"),
    (re.compile(r"^IT treats no disease similar to THIS.*$"), "none"),
    (re.compile(r"^the (articles|trials) name THIS together with drugs similar to IT: "), ""),
    (re.compile(r"^drugs similar to IT treat THIS in the graph: "), ""),
    (re.compile(r"^IT treats diseases similar to THIS in the graph: "), ""),
    (re.compile(r"^the graph has IT as a treatment of (\d+) other diseases?$"), r"\1"),
    (re.compile(r"^(\d+) (articles?|trials?) names? both IT and THIS"), r"\1"),
    (re.compile(r"^(\d+) sentences? of the (articles|trials) names? both IT and THIS"), r"\1"),
    (re.compile(r" of them in the title or opening"), " in titles"),
    (re.compile(r" with words of "), " "),
)
"""Phrases of the facts -> the same in fewer tokens; IT stands for the drug, THIS for the disease."""


class Written(Record):
    """What a student wrote, as far as it can be read."""

    label: str
    """Label of the chosen candidate."""
    group: str | None
    """Group of evidence that is the ground of the choice; None where it named none."""


def short_request(task: Task) -> str:
    """What the student reads: the question, and what is known of each candidate."""
    lines = [f"Which drug is better for {_named(task.disease)}?"]
    for label, drug in zip(task.labels, task.candidates, strict=True):
        lines += [f"{label}: {_named(drug)}", *_facts(task, drug), *_answers(task.answers, drug)]
    return "\n".join(lines)


def swapped(task: Task) -> Task:
    """The same request with the candidates in the opposite order."""
    return task.model_copy(update={"candidates": tuple(reversed(task.candidates))})


def written(label: str, group: str | None) -> str:
    """What the student is to write."""
    return f"{CHOICE} {label}" + (f"\n{REASON} {GROUNDS[group]}" if group else "")


def _named(entity: Entity) -> str:
    return plain(entity.name, _NAME)


def _facts(task: Task, drug: Entity) -> Iterator[str]:
    weighed = task.weighing.candidates if task.weighing else ()
    told = {factor.group: factor.text for score in weighed if score.id == drug.id for factor in score.factors}
    for group, heading in _FACTS.items():
        if group in told:
            yield f"{heading}: {_short(told[group], drug, task.disease)}"


def _short(text: str, drug: Entity, disease: Entity) -> str:
    text = _CITED.sub("", text).replace(drug.name, "IT").replace(disease.name, "THIS")
    for pattern, instead in _SHORTER:
        text = pattern.sub(instead, text)
    return plain(text.replace("IT", "it").replace("THIS", "this disease"), 240)


def _answers(answers: Sequence[Answer], drug: Entity) -> Iterator[str]:
    """Each answer that says something: its question, its stance and its first words."""
    for answer in _about(answers, drug):
        words = answer.text.split()
        most = _QUOTED.get(answer.question.key, 0)
        if most and answer.text != NO_EVIDENCE:
            cut = " …" if len(words) > most else ""
            yield plain(f"{answer.question.key} {answer.stance}: {' '.join(words[:most])}{cut}", 400)


def _about(answers: Iterable[Answer], drug: Entity) -> Iterator[Answer]:
    return (answer for answer in answers if answer.question.drug == drug.id)
