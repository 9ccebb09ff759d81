"""The main reason of a choice: the strongest finding that its rivals lack, clinical before mechanistic, in plain words.

Where nothing was found but likeness to other drugs or texts, it says so, and that this is weak.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple, Protocol

from kedrec.agents.models.graph_request import Task
from kedrec.agents.offline.rationale import phrases
from kedrec.agents.offline.rationale.evidence_sentences import QuestionEvidence
from kedrec.agents.offline.rationale.head_to_head import Comparison
from kedrec.agents.offline.rationale.strength import STRENGTHS, strength_of
from kedrec.agents.offline.roles import Role
from kedrec.agents.offline.roles.weighed import told
from kedrec.records import Entity, Evidence, triples_of

__all__ = ["HARM", "Reason", "beside_harm", "main_reason", "reasons_of"]

HARM = -1
"""Sort of the reason that all rivals do harm in the disease."""
_LISTED, _COMPARED, _FOUND, _SHARED, _LINKED, _TESTED = range(6)


class Reason(NamedTuple):
    """Something that speaks for a drug."""

    rank: tuple[int, int]
    """The lower, the stronger: sort of finding, and strength within it."""
    text: str
    """A clause about `it`."""
    keys: tuple[str, ...]
    """Where it stands."""

    @property
    def only_tests(self) -> bool:
        """Whether it is no more than that a trial tests the drug."""
        return self.rank[0] == _TESTED


class Spoken(Protocol):
    """What was found on a drug."""

    @property
    def drug(self) -> Entity:
        """The drug."""

    @property
    def use(self) -> Evidence | None:
        """The edge that lists it as a treatment of the disease."""

    @property
    def clinical(self) -> QuestionEvidence | None:
        """Of its effect."""

    @property
    def mechanism(self) -> tuple[str, tuple[str, ...]] | None:
        """A sentence on its targets, and where that stands."""


def reasons_of(task: Task, known: Spoken, compared: Sequence[Comparison]) -> list[Reason]:
    """Return what speaks for a drug, the strongest first.

    Args:
        task: the question with its evidence.
        known: what was found on the drug.
        compared: direct comparisons.
    """
    use = known.use
    found = [Reason((_LISTED, 0), phrases.LISTED, (use.key,))] if use else []
    won = [one for one in compared if one.better is known.drug]
    found += [Reason((_COMPARED, 0), phrases.COMPARED.format(source=_source(one.key)), (one.key,)) for one in won]
    found += _clinical(task, known.drug, known.clinical)
    found += _mechanistic(task, known.mechanism)
    return sorted(found, key=lambda reason: reason.rank)


def _clinical(task: Task, drug: Entity, clinical: QuestionEvidence | None) -> list[Reason]:
    found = []
    for keys, text in clinical.quotes if clinical else ():
        strength = strength_of(text, drug, task.disease)
        if strength is not None and (keys[0][0] == "P" or strength in ("approval", "guideline")):
            said = phrases.FINDINGS[strength].format(source=_source(keys[0]))
            found.append(Reason((_FOUND, STRENGTHS.index(strength)), said, keys))
        elif keys[0].startswith("T"):
            found.append(Reason((_TESTED, 0), phrases.TESTED, keys))
    return found


def _mechanistic(task: Task, mechanism: tuple[str, tuple[str, ...]] | None) -> list[Reason]:
    """A target shared with a known treatment of the disease, else one that the graph links to the disease."""
    found = []
    for key in mechanism[1] if mechanism else ():
        edges = triples_of(task.evidence[key].source_id)
        if not edges or task.disease.ids.isdisjoint((edges[-1][0], edges[-1][2])):
            continue
        if len(edges) == 3:
            found.append(Reason((_SHARED, 0), phrases.SHARED_TARGET, (key,)))
        elif len(edges) == 2:
            found.append(Reason((_LINKED, 0), phrases.LINKED_TARGET, (key,)))
    return found


def beside_harm(own: Reason | None, rivals: Sequence[Entity], harmful: Mapping[str, Role]) -> Reason | None:
    """Return the reason that all rivals do harm in the disease, where they do, after the chosen drug's own.

    Args:
        own: the strongest reason for the chosen drug.
        rivals: the other drugs.
        harmful: the role of each drug that has a harmful one, by its id.
    """
    if not rivals or not all(drug.id in harmful and harmful[drug.id].sources for drug in rivals):
        return None
    said = " and ".join(f"{drug.name} {told(harmful[drug.id])}" for drug in rivals)
    keys = tuple(harmful[drug.id].sources[0].source_id for drug in rivals)
    return Reason((HARM, 0), f"{own.text}, and {said}" if own else said, (*(own.keys if own else ()), *keys))


def _source(key: str) -> str:
    return "a trial record" if key.startswith("T") else "an article"


def main_reason(own: Sequence[Reason], others: Sequence[Sequence[Reason]]) -> tuple[Reason | None, bool]:
    """Return the strongest reason for the chosen drug, and whether it is stronger than any for the others.

    Args:
        own: what speaks for the chosen drug, the strongest first.
        others: the same for each rival.
    """
    if not own:
        return None, not any(others)
    best = min((reasons[0].rank for reasons in others if reasons), default=(len(STRENGTHS) + _TESTED, 0))
    return own[0], own[0].rank < best
