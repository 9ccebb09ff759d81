"""Drugs that act like a drug, by its targets, its classes and the stem of its name, and what they tell of it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

import numpy as np

from kedrec.agents.offline.roles.role import PLAIN, STATED, Role, RoleSource
from kedrec.graphdb.link_prediction.kernels import cosine
from kedrec.graphdb.link_prediction.treatments import GraphFacts
from kedrec.records import Entity, triples_of

__all__ = ["acting_alike", "told_of_kin"]

_SALT = re.compile(r"(?i)sodium|potassium|calcium|magnesium|zinc|iron|ferr|lithium|alumin|silver|copper|acid\b")
LEAST = {"targets": 0.4, "classes": 0.6, "name": 0.5}
"""How alike two drugs are, by the cosine of their profiles, before they count as of one class; one kind is enough."""

MEMBERS = 4
"""Most drugs of its class that are held against a drug, less those that are of use."""
OF_A_MEMBER = 0.4
"""What each of them counts as: three make a plain statement, two do beside something against the drug itself."""


def _share_a_head(one: str, other: str) -> bool:
    """Whether two names of several words begin with the same kind of drug: `Insulin Lispro`, `Insulin Glargine`."""
    heads = {name.split()[0].lower() for name in (one, other) if " " in name}
    return len(heads) == 1 and " " in one and " " in other and not _SALT.match(one)


def acting_alike(facts: GraphFacts, drug: str, among: Iterable[str]) -> list[str]:
    """Return those of some drugs that act like one, the most alike first.

    Args:
        facts: the graph.
        drug: Compound id.
        among: Compound ids.
    """
    row = facts.drug_row.get(drug)
    others = sorted({facts.drug_row[one] for one in among if one in facts.drug_row} - {row})
    if row is None or not others:
        return []
    best = np.zeros(len(others))
    for kind, least in LEAST.items():
        if kind in facts.drugs:
            likeness = cosine(facts.drugs[kind][others], facts.drugs[kind][[row]]).ravel()
            best = np.maximum(best, np.where(likeness >= least, likeness, 0.0))
    best = np.maximum(best, [_share_a_head(facts.drug_names[row], facts.drug_names[other]) for other in others])
    order = np.argsort(-best, kind="stable")
    return [facts.drug_ids[others[i]] for i in order.tolist() if best[i] > 0]


def told_of_kin(kin: Sequence[tuple[Entity, Role]], better: int) -> Iterable[RoleSource]:
    """Yield what is cited against a class, where two of it or more, and more than not, do harm, and a text says so.

    Args:
        kin: drugs of the class, each with its role in the disease.
        better: how many of them are of use in it.
    """
    worse = [(member, role) for member, role in kin if role.role in PLAIN]
    # Whether a source is a document, or an edge that was read from one.
    written = any(
        all(relation in STATED for _, relation, _ in triples_of(one.source_id))
        for _, role in worse
        for one in role.sources
    )
    for member, role in worse[: MEMBERS - better] if written and len(worse) > max(better, 1) else []:
        yield role.sources[0].model_copy(
            update={"role": PLAIN[0], "weight": OF_A_MEMBER, "member": member.name, "names_both": False}
        )
