"""A contest of harm: which of some drugs is more likely to have a side effect, as it is asked and as it is told."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from kedrec.agents.chat.aspects.new_evidence import ASPECT
from kedrec.agents.chat.from_last_answer import TopicAnswer
from kedrec.agents.prompting.answer_format import NO_EVIDENCE
from kedrec.graphdb.link_prediction.kernels import is_therapeutic
from kedrec.graphdb.vocabularies.side_effects import listed_as
from kedrec.records import SIDE_EFFECT, Answer, Question

if TYPE_CHECKING:
    from kedrec.agents.chat.question_parser import Understanding
    from kedrec.graphdb.store import GraphStore
    from kedrec.records import Entity, Recommendation

__all__ = ["effect_asked", "told_of_harm"]

_DEGREE = r"(?:more|less|fewer|higher|lower|greater|most|least|fewest|highest|lowest)"
_BEFORE = re.compile(
    r"(?:\b(?:likely|likelier|prone|apt) to (?:cause|give|have|produce|lead to|trigger|induce|provoke)"
    rf"|\bcaus\w+|\binduc\w+|\bprovok\w+|\b(?:has|have|gives?|shows?) (?:the )?{_DEGREE}"
    r"|\b(?:risks?|rates?|chances?|incidence|likelihood) of)"
    rf"(?: (?:the|an?|any|{_DEGREE}|serious|severe|worse|often))*\s+(?=\w)",
    re.IGNORECASE,
)
"""Stands before an effect that is asked about."""
_AFTER = re.compile(rf"\s+(?:{_DEGREE}|rarer|likelier)(?: (?:likely|common|frequent|often))?\b", re.IGNORECASE)
"""Stands behind one."""
_CAUSES = re.compile(r"\b(?:caus|induc|provok|trigger|likel|risk|side effect|adverse)", re.IGNORECASE)
"""Words of harm: without any, `fewer headaches` may be what a drug is given for."""
_CONTEST = re.compile(rf"\b(?:which|what|than|{_DEGREE}|likel\w+|rarer|or|versus|vs)\b", re.IGNORECASE)
_ENDS = re.compile(r"[^\w' -]|\b(?:and|or|with|in|than|between|when|if|of|is|are|among|from|for)\b", re.IGNORECASE)
_LONGEST = 4
"""Words of the name of an effect."""


def effect_asked(asked: Understanding, store: GraphStore) -> Entity | None:
    """Return the side effect that a message asks drugs to be compared by; None where it asks for something else.

    Args:
        asked: the message, as it was understood; another disease beside the effect makes it a question of that.
        store: the graph, whose side effects are the ones that can be asked about.
    """
    drugs = [drug.entity for drug in asked.drugs if drug.entity]
    if len(drugs) < 2 or asked.group or not _CONTEST.search(asked.text):
        return None
    found = (
        (said, store.search(name, kinds=(SIDE_EFFECT,))) for said in _phrases(asked.text) for name in listed_as(said)
    )
    said, effect = next(((said, match.entity) for said, match in found if match.entity), ("", None))
    ill = asked.disease.entity if asked.disease else None
    if asked.disease is not None and asked.disease.query.lower() not in said.lower():
        return None
    if ill is None or _CAUSES.search(asked.text):
        return effect
    used = any(is_therapeutic(edge.relation) for drug in drugs for edge in store.direct(drug.id, ill.id))
    return None if used else effect


def _phrases(text: str) -> Iterator[str]:
    """What stands where an effect would, the longest first."""
    for found in _BEFORE.finditer(text):
        words = _ENDS.split(text[found.end() :], maxsplit=1)[0].split()[:_LONGEST]
        yield from (" ".join(words[:count]) for count in range(len(words), 0, -1))
    for found in _AFTER.finditer(text):
        words = _ENDS.split(text[: found.start()])[-1].split()[-_LONGEST:]
        yield from (" ".join(words[start:]) for start in range(len(words)))


def told_of_harm(made: Recommendation) -> tuple[TopicAnswer, ...]:
    """Return what was found on a contest of harm: which drug more speaks for, how surely, and each cited sentence."""
    names = {drug.id: drug.name for drug in made.candidates}
    effect = made.disease.name
    if made.favoured is None:
        title = f"{effect}: nothing tells {' and '.join(names.values())} apart"
    else:
        close = "" if made.choice else "too close to call, "
        title = f"{effect}: {close}more speaks for {made.name_of(made.favoured)} having it ({made.sure})"
    told = [(one.text, one.citations) for one in made.sentences] or [(NO_EVIDENCE, ())]
    question = Question(key=ASPECT, text=f"Which is more likely to have this: {effect}?", disease=made.disease.id,
                        drug=made.favoured or made.candidates[0].id)  # fmt: skip
    answers = [Answer(question=question, text=text, stance="unclear", citations=keys) for text, keys in told]
    return tuple(TopicAnswer(title="" if at else title, answer=answer) for at, answer in enumerate(answers))
