"""What graph and literature say of a drug in a group of people, of one harm, or of two drugs taken together."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from kedrec.agents.chat.aspects.drug_facts import other_end
from kedrec.agents.chat.aspects.harm_in_disease import cautions
from kedrec.agents.chat.aspects.interactions import taken_together
from kedrec.agents.chat.aspects.listed import LISTED, listed
from kedrec.agents.chat.aspects.new_evidence import NewEvidence, answered
from kedrec.agents.chat.aspects.quotable_sentences import (
    best_sentences,
    documents,
    own_sentences,
    worth_of,
)
from kedrec.agents.chat.from_last_answer import TopicAnswer
from kedrec.agents.chat.groups_and_harms import DAMAGE, GROUPS, HARMED_ORGANS, HARMS_IN_TEXTS
from kedrec.agents.chat.intents.wanted import Intent
from kedrec.graphdb.link_prediction.kernels import is_therapeutic
from kedrec.records import Corpora, Entity, Evidence, Finding, edge_source
from kedrec.tools.graph_tools import HARMS
from kedrec.tools.harm_toolbox import RISKY
from kedrec.tools.literature_tools import mentions, names_for_search

if TYPE_CHECKING:
    from kedrec.agents.agent import Agent

__all__ = ["NOT_FOUND", "Looked", "limits_of", "look_up"]

_COMPARES = re.compile(
    r"\b(?:which|fewer|less|more|safer|better|than|lower|higher|both|either|differ\w*)\b", re.IGNORECASE
)
NOT_COMPARED = "What is said of each stands side by side; no sentence quoted here compares them on this."
NOT_FOUND = "Where nothing was found, that does not mean it is safe: the literature here may lack it."
_SIDE_EFFECTS = "side effects"
"""The aspect of a question of harm that names none."""
MOST_ASPECTS = 3
"""Aspects of one message that are looked up."""
EDGES = 500
"""Side effects of one drug that are looked at."""


class Aspect(NamedTuple):
    """What is asked about, as it is looked for."""

    name: str
    """As people word it."""
    words: tuple[str, ...]
    """Words of which a passage has to hold one."""
    pattern: re.Pattern[str]
    """Matches a sentence that speaks of it."""


class Looked(NamedTuple):
    """What a look-up came to."""

    topics: tuple[TopicAnswer, ...] = ()
    """An answer for each drug and aspect, where nothing was found as well."""
    evidence: dict[str, Evidence] = {}  # noqa: RUF012 - never changed
    """What they cite beyond what was known."""


def look_up(
    agent: Agent,
    setting: Corpora,
    drugs: Sequence[Entity],
    about: Sequence[str],
    *,
    disease: Entity | None = None,
    together: bool = False,
    harmful: Entity | None = None,
    lists: Intent | None = None,
    known: Mapping[str, Evidence] | None = None,
) -> Looked:
    """Look up what is said of drugs in groups of people, of harms, or of two drugs taken together.

    Args:
        agent: its resources are asked.
        setting: which corpora are used.
        drugs: the drugs.
        about: groups of people and harms, as the message words them.
        disease: what the drugs are given for; sentences that name it come first.
        together: whether the question is about the drugs taken together.
        harmful: a disease in which harm of the drugs is asked about; only sentences of harm or safety are quoted.
        lists: where no disease was named, what is asked of the drugs, which the graph's lists may answer.
        known: evidence that has keys already.
    """
    new_evidence, topics = NewEvidence(agent, setting, dict(known or {})), list[TopicAnswer]()
    inventory = lists if lists in LISTED and not about and not together else None
    about = (_SIDE_EFFECTS,) if inventory == "safety" else about
    for aspect in [_aspect(word) for word in dict.fromkeys(about)][:MOST_ASPECTS]:
        topics += [_one(new_evidence, drug, aspect, disease, risky=aspect.name not in GROUPS) for drug in drugs]
    topics += [told for drug in drugs if inventory and (told := listed(new_evidence, drug, inventory, disease))]
    if harmful:
        covered = any(_aspect(word).pattern.search(harmful.name) for word in about)
        topics += [one for drug in drugs for one in _harm_in(new_evidence, drug, harmful, named=not covered)]
    if together and len(drugs) > 1:
        topics.append(taken_together(new_evidence, drugs[0], drugs[1]))
    return Looked(tuple(topics), new_evidence.new)


def limits_of(looked: Looked, drugs: Sequence[Entity], text: str) -> tuple[str, ...]:
    """Return what has to be said of what was looked up: that nothing compares the drugs, or that nothing was found.

    Args:
        looked: what was looked up.
        drugs: the drugs.
        text: the message.
    """
    answers = [topic.answer for topic in looked.topics]
    quoted = [f"{answer.text}" for answer in answers if answer.citations]
    compares = len(drugs) > 1 and quoted and _COMPARES.search(text)
    apart = compares and not any(all(mentions(one, drug) for drug in drugs) for one in quoted)
    missing = any(not answer.citations for answer in answers)
    return (*((NOT_COMPARED,) if apart else ()), *((NOT_FOUND,) if missing else ()))


def _harm_in(new_evidence: NewEvidence, drug: Entity, disease: Entity, *, named: bool) -> Iterator[TopicAnswer]:
    """Yield what speaks of harm of a drug in a disease, and sentences that name both and speak of risk."""
    told = cautions(new_evidence, drug, disease)
    if told is not None:
        yield told
    if not named:
        return
    both = _one(new_evidence, drug, _of_disease(disease), None, risky=True)
    if both.answer.citations and not (told and set(both.answer.citations) <= set(told.answer.citations)):
        yield both


def _aspect(word: str) -> Aspect:
    group = GROUPS.get(word)
    if group is not None:
        return Aspect(word, group.search, re.compile(rf"\b(?:{group.asked}|{group.texts})", re.IGNORECASE))
    plain = word.lower()
    organ = plain.removesuffix(DAMAGE)
    if plain.endswith(DAMAGE) and organ in HARMED_ORGANS:
        words = HARMED_ORGANS[organ]
        pattern = "|".join([*words, HARMS_IN_TEXTS.get(organ, HARMS_IN_TEXTS.get(plain, "(?!)"))])
        return Aspect(word, words, re.compile(rf"\b(?:{pattern})", re.IGNORECASE))
    stem = re.sub(r"(?:ies|es|s|ing)$", "", plain) if len(plain) > 5 else plain
    other = next((more for begun, more in HARMS_IN_TEXTS.items() if plain.startswith(begun)), None)
    pattern = rf"\b(?:{re.escape(stem)}\w*{f'|{other}' if other else ''})"
    return Aspect(word, tuple(dict.fromkeys((plain, stem))), re.compile(pattern, re.IGNORECASE))


def _of_disease(disease: Entity) -> Aspect:
    """The aspect of a disease: any of its names."""
    names = [re.escape(name) for name in names_for_search(disease)]
    return Aspect(disease.name, names_for_search(disease), re.compile(rf"\b(?:{'|'.join(names)})", re.IGNORECASE))


def _one(
    new_evidence: NewEvidence, drug: Entity, aspect: Aspect, disease: Entity | None, *, risky: bool = False
) -> TopicAnswer:
    """Answer for a drug on one aspect: the graph's side effect first, then sentences that name both."""
    told = list(_stated(new_evidence.agent, drug, aspect))
    words = " ".join(filter(None, (drug.name, disease.name if disease else "", aspect.name, "risk" if risky else "")))
    found = [
        (finding, sentence)
        for finding in documents(new_evidence, words, drug, aspect.words)
        for sentence in own_sentences(finding)
        if aspect.pattern.search(sentence) and mentions(sentence, drug) and (RISKY.search(sentence) or not risky)
    ]
    articles = [one for one in found if one[0].kind == "article"]
    told += best_sentences(articles or found, lambda sentence: worth_of(sentence, disease))
    name = f"{aspect.name[:1].upper()}{aspect.name[1:]}"
    within = f" in {disease.name}" if disease and not aspect.pattern.search(disease.name) else ""
    risk = ", harm or safety" if risky and disease is None else ""
    overall = f"Safety: {drug.name}, in any disease" if aspect.name == _SIDE_EFFECTS else ""
    title = overall or f"{name}{risk}: {drug.name}{within}"
    return answered(new_evidence, title, told, drug, disease.id if disease else "")


def _stated(agent: Agent, drug: Entity, aspect: Aspect) -> Iterator[tuple[Finding, str]]:
    """Yield the side effect of the graph that the aspect is."""
    store, toolbox = agent.resources.visible, agent.resources.toolbox("none")
    for edge in store.neighbours(drug.id, relation=HARMS, limit=EDGES):
        if is_therapeutic(edge.relation):
            continue
        effect = store.get(other_end(edge, drug))
        if effect is not None and aspect.pattern.match(effect.name):
            finding = toolbox.graph.edges_of(edge_source(edge.head, edge.relation, edge.tail))
            if finding is not None:
                yield finding, finding.text
                return
