"""Whether `recommend` finds drugs that it was not shown: ranks of held-out indications, and how varied its lists are.

Held out are the right drugs of the test questions; their edges are hidden. Drugs whose edge to the disease is visible
are taken out of a list before ranks are counted ("filtered"), since finding those is no feat.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import numpy as np

from kedrec.agents.recommend import rank_drugs
from kedrec.errors import KedrecError
from kedrec.eval.tables.steps import Kept
from kedrec.eval.tables.task import asked
from kedrec.graphdb.link_prediction.treatments import without

if TYPE_CHECKING:
    from kedrec.agents.resources import Resources
    from kedrec.eval.tables.task import Task
    from kedrec.eval.tables.world import World
    from kedrec.graphdb.store import GraphStore
    from kedrec.records import Corpora

__all__ = ["ranking"]

DISEASES, TOP, LISTED = 40, 10, 60
"""Diseases that lists are made for, the length that counts, and the length that is asked for."""


def ranking(world: World, task: Task, setting: Corpora) -> Kept:
    """Make lists for some test diseases and look for the held-out drugs in them."""
    wanted: dict[str, set[str]] = {}
    for one in asked(task.test):
        wanted.setdefault(one.disease, set()).add(one.drugs[one.right])
    chosen = sorted(wanted)[:DISEASES]
    resources, visible = world.hidden_resources(task), world.store.hiding(task.hidden)
    lists = {disease: _listed(resources, visible, disease, setting) for disease in chosen}
    ranks = [_rank(lists[disease], drug) for disease in chosen for drug in sorted(wanted[disease])]
    flyers = _flyers(world, task)
    same = [_rank([drug for drug in flyers if not visible.direct(drug, disease)][:LISTED], one)
            for disease in chosen for one in sorted(wanted[disease])]  # fmt: skip
    shown = Counter(drug for found in lists.values() for drug in found[:TOP])
    return Kept(
        figures={
            "diseases": len(chosen),
            "held-out indications": len(ranks),
            f"recall@{TOP}": round(float(np.mean([rank <= TOP for rank in ranks])), 4),
            "MRR": round(float(np.mean([1 / rank for rank in ranks])), 4),
            f"recall@{TOP} of one list of the drugs with most uses": round(float(np.mean([r <= TOP for r in same])), 4),
            "MRR of that list": round(float(np.mean([1 / rank for rank in same])), 4),
            "different drugs": len(shown),
            "entropy over drugs, bits": round(_entropy(shown), 3),
            "most frequent drug in": max(shown.values(), default=0),
        },
        note=f"a held-out drug below place {LISTED} counts as not found",
    )


def _listed(resources: Resources, visible: GraphStore, disease: str, setting: Corpora) -> list[str]:
    """The drugs recommended, best first, without those whose edge to the disease is visible."""
    try:
        found = rank_drugs(resources, disease, setting, LISTED)
    except KedrecError:
        return []
    return [drug.id for drug in found.drugs if not visible.direct(drug.id, disease)]


def _flyers(world: World, task: Task) -> list[str]:
    """All drugs by how many diseases the visible graph has them for: the same list whatever is asked."""
    uses = np.asarray(without(world.facts, task.hidden).sum(axis=1)).ravel()
    return [world.facts.drug_ids[row] for row in np.argsort(-uses, kind="stable").tolist()]


def _rank(found: list[str], drug: str) -> float:
    return found.index(drug) + 1 if drug in found else float("inf")


def _entropy(counts: Counter[str]) -> float:
    shares = np.array(list(counts.values()), float) / max(sum(counts.values()), 1)
    return float(-(shares * np.log2(shares)).sum()) if len(shares) else 0.0
