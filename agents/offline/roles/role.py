"""What a drug is to a disease, and how much of what was found says so: treatment, cause, test.

Evidence is counted by the source, not by the sentence. Text of harm has to outweigh text of use and the graph's own
statement of a use before a drug is taken for anything but a treatment: silence and weak text leave it as it is.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Literal

from kedrec.records import Record
from kedrec.tools.findings.animals_or_people import in_animals
from kedrec.tools.text.role_sentences import LEFT_OUT

__all__ = [
    "EDGE",
    "EDGE_ALONE",
    "HARMFUL",
    "LEAST",
    "PLAIN",
    "ROLES",
    "STATED",
    "USES",
    "Role",
    "RoleName",
    "RoleSource",
    "decide",
]

RoleName = Literal[
    "treats", "prevents", "causes_or_worsens", "diagnoses_or_provokes", "own_substance_in_excess", "contraindicated",
    "unknown",
]  # fmt: skip
ROLES: dict[RoleName, str] = {
    "treats": "is used for it",
    "prevents": "prevents it",
    "causes_or_worsens": "causes or worsens it",
    "diagnoses_or_provokes": "serves to provoke or to test for it",
    "own_substance_in_excess": "is a substance that the body has too much of in it",
    "contraindicated": "is contraindicated in it",
    "unknown": "has no known role in it",
}
"""Every role, and the words that say it of a drug in a disease."""
LEFT_OUT_OF_TRIALS = "was tried only in people without it"
"""The words for a drug of which nothing else is known than that trials leave out who has the disease."""
HARMFUL: tuple[RoleName, ...] = (
    "causes_or_worsens", "diagnoses_or_provokes", "own_substance_in_excess", "contraindicated",
)  # fmt: skip
"""Roles that speak against a drug as a treatment."""
USES: tuple[RoleName, ...] = ("treats", "prevents")
"""Roles that speak for it."""
CITED = 4
"""Most sources cited for a role."""
EDGE = 2.0
"""Documents that a visible therapeutic edge of the graph counts as, and an edge that states a side effect."""
EDGE_ALONE = 1.0
"""What a therapeutic edge counts as that no text bears out, where texts speak against the drug or its class."""
STATED: dict[str, tuple[RoleName, float]] = {
    "GNBR::Sa::Compound:Disease": ("causes_or_worsens", 1.0),
    "GNBR::J::Compound:Disease": ("own_substance_in_excess", 1.0),
    "GNBR::Mp::Compound:Disease": ("own_substance_in_excess", 0.5),
}
"""Relations read from texts by machine: side effect, part in the making of the disease, marker of it; each counts as a
document at most."""
LEAST = 2.0
"""Documents of harm that it takes where anything tells of a use."""
PLAIN: tuple[RoleName, ...] = ("causes_or_worsens", "contraindicated")
"""Roles of which one plain statement, or several weaker ones, are enough where nothing at all tells of a use."""
RATIO = 1.5
"""How many times the documents of use they have to be."""


class RoleSource(Record):
    """Something that is cited for a role."""

    source_id: str
    """Document id, or the triple."""
    role: str
    """What it says."""
    weight: float
    """How plainly it says it, 0 to 1; an edge counts `EDGE`."""
    sentence: str
    """The sentence of the document; the edge in words."""
    names_both: bool = True
    """Whether that sentence names both the drug and the disease."""
    member: str = ""
    """Name of the drug of the same class that it speaks of; empty where it speaks of the drug itself."""


class Role(Record):
    """What a drug is to a disease."""

    role: RoleName
    """As in `ROLES`."""
    support: float
    """Documents for this role."""
    against: float
    """Documents for the opposite: use against harm."""
    sources: tuple[RoleSource, ...]
    """What is cited for it, the plainest first."""

    @property
    def is_harmful(self) -> bool:
        """Whether it speaks against the drug as a treatment."""
        return self.role in HARMFUL

    @property
    def words(self) -> str:
        """What says it of a drug in a disease, which is `it`."""
        by_trials = self.role == "contraindicated" and all(one.weight == LEFT_OUT for one in self.sources)
        return LEFT_OUT_OF_TRIALS if self.sources and by_trials else ROLES[self.role]


def decide(sources: Sequence[RoleSource]) -> Role:
    """Return the role that the sources speak for, counted by the document; `unknown` where they hardly speak.

    Args:
        sources: what was found, for whatever role.
    """
    by_source: dict[str, dict[str, float]] = defaultdict(dict)
    for one in sources:
        by_source[one.source_id][one.role] = max(one.weight, by_source[one.source_id].get(one.role, 0.0))
    support: dict[str, float] = defaultdict(float)
    harm = use = 0.0
    for said in by_source.values():
        worst = max(said.get(role, 0.0) for role in HARMFUL)
        harm, use = harm + worst, use + max(said.get(role, 0.0) for role in USES)
        for role, weight in said.items():
            support[role] += weight
    name: RoleName = max(USES, key=lambda role: support[role]) if use >= 1 else "unknown"
    plain = sum(max(said.get(role, 0.0) for role in PLAIN) for said in by_source.values())
    if harm > RATIO * use and (harm >= LEAST or (plain >= 1 and not use)):
        allowed = HARMFUL if harm >= LEAST else PLAIN
        said_plainly = {one.role for one in sources if one.weight >= 1}
        name = max(allowed, key=lambda role: (role in said_plainly, support[role]))
    chosen = sorted(
        (one for one in sources if one.role == name),
        key=lambda one: (in_animals(one.sentence), -one.weight, not one.names_both, len(one.sentence), one.source_id),
    )
    harmful = name in HARMFUL
    return Role(
        role=name,
        support=harm if harmful else use,
        against=use if harmful else harm,
        sources=tuple(chosen[:CITED]),
    )
