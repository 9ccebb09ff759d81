"""Evidence of harm of a drug in a disease: of the drug, of its class, and of patients that its trials exclude."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from kedrec.agents.chat.aspects.new_evidence import NewEvidence, answer_of, quoted
from kedrec.agents.chat.from_last_answer import TopicAnswer
from kedrec.agents.offline.roles import RoleSource
from kedrec.agents.recommend import role_reader
from kedrec.errors import NotReady
from kedrec.records import CandidateScore, Entity, Factor, Finding
from kedrec.tools.text.role_sentences import LEFT_OUT_SAID
from kedrec.tools.text.sentence_cues import reads_well

__all__ = ["cautions"]

OF_EACH = 2
"""Sentences quoted of each sort: the drug itself, its class, the criteria of trials."""
LEFT_OUT_ONLY = "That is caution of those who planned the trials, not a finding."
"""Said where nothing else speaks of harm."""


def cautions(new_evidence: NewEvidence, drug: Entity, disease: Entity) -> TopicAnswer | None:
    """Return what speaks of harm of a drug in a disease, with its sources; None where nothing does.

    Args:
        new_evidence: where is looked, and the keys of evidence.
        drug: the drug.
        disease: the disease.
    """
    try:
        sources = role_reader(new_evidence.agent.resources, new_evidence.setting).cautions(drug, disease)
    except NotReady:
        return None
    # What is said of the drug, of its class, and criteria of trials; the plainest of each first.
    criteria = [one for one in sources if one.sentence.startswith(LEFT_OUT_SAID)]
    others = [one for one in sources if one not in criteria and (reads_well(one.sentence) or "|" in one.source_id)]
    own = [one for one in others if not one.member]
    of_class = [one for one in others if one.member]
    sorts = [sorted(sort, key=lambda one: (-one.weight, len(one.sentence))) for sort in (own, of_class, criteria)]
    chosen = [one for sort in sorts for one in sort[:OF_EACH]]
    names = tuple(dict.fromkeys(one.source_id for one in chosen))
    score = CandidateScore(id=drug.id, score=0.0, probability=0.0,
                           factors=(Factor(group="role", share=0.0, text="", sources=names),))  # fmt: skip
    found = new_evidence.agent.resources.toolbox(new_evidence.setting).sources(score, disease, drug)
    told = list(_told(new_evidence, chosen, found, disease))
    if not told:
        return None
    if all(one.sentence.startswith(LEFT_OUT_SAID) for one in chosen):
        told.append((told[-1][0], LEFT_OUT_ONLY))
    title = f"Caution: {drug.name} in {disease.name}"
    return answer_of(title, told, drug, disease.id)


def _told(
    new_evidence: NewEvidence, chosen: Sequence[RoleSource], found: dict[str, Finding], disease: Entity
) -> Iterator[tuple[str, str]]:
    """Yield key and words of each; what concerns its class says so."""
    for one in chosen:
        if one.source_id in found:
            said = one.sentence.removeprefix(LEFT_OUT_SAID).lstrip(":;-–•* ")
            key = new_evidence.enter(found[one.source_id], said)
            lead = f"Of its class ({one.member}): " if one.member else ""
            lead = (
                f"A trial of it leaves out people with {disease.name}: "
                if one.sentence.startswith(LEFT_OUT_SAID)
                else lead
            )
            yield key, f"{lead}{quoted(key, said)}"
