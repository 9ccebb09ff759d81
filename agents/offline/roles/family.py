"""Drugs that act like a drug: by its targets, its classes and the stem of its name."""

from __future__ import annotations

import re
from collections.abc import Iterable

import numpy as np

from kedrec.graphdb.link_prediction.kernels import cosine
from kedrec.graphdb.link_prediction.treatments import GraphFacts

__all__ = ["acting_alike"]

_SALT = re.compile(r"(?i)sodium|potassium|calcium|magnesium|zinc|iron|ferr|lithium|alumin|silver|copper|acid\b")
LEAST = {"targets": 0.4, "classes": 0.6, "name": 0.5}
"""How alike two drugs are, by the cosine of their profiles, before they count as of one class; one kind is enough."""


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
